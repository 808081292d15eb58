//! `desk …`: asking somebody to present, on the page of a desk that `serve --desk` has open.

use clap::{Args, Subcommand, ValueEnum};

/// What somebody needs to know before the first session.
const DESK_HELP: &str = "\
A desk is open as long as this runs: inkan serve --role verifier --desk --tokens FILE --public-url https://verifier.example (to try it out: --http --public-url http://localhost:7080).
inkan desk open prints an address that nobody can guess; give it to the person you ask. They present within five minutes, by paste, file or program; the nonce counts once.
If the presentation holds and the AAL is too low, the page asks for a passkey over this very presentation. --register first lets a person without one register it: allow it when you know whom you have before you, since whoever has the holder's key could.
Programs get 401 with a challenge of RFC 9470 where a person gets the passkey's button.";

/// `inkan desk …`
#[derive(Clone, Debug, Subcommand)]
#[command(after_help = DESK_HELP)]
pub(crate) enum DeskCommand {
    /// Open a session, and print the address of its page
    Open(DeskOpenArgs),
    /// The passkeys that were registered at the desk: list them, or forget one
    #[command(subcommand)]
    Passkeys(PasskeyCommand),
    /// Say what came of a session; the exit code is the verdict
    Show {
        /// Its id, as `desk open` said it
        #[arg(value_name = "ID")]
        id: String,
        /// The desk's folder, if it is not the profile's
        #[arg(long, value_name = "DIR")]
        folder: Option<String>,
        /// Write the signed report to this file; the desk signs them if it was opened with --desk-report-as
        #[arg(long, value_name = "F")]
        report_out: Option<String>,
        /// Replace the file if it exists
        #[arg(long, requires = "report_out")]
        force: bool,
    },
}

/// `inkan desk passkeys …`
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum PasskeyCommand {
    /// List them: whose they are, since when, and how often they were used
    List {
        /// The desk's folder, if it is not the profile's
        #[arg(long, value_name = "DIR")]
        folder: Option<String>,
    },
    /// Forget one: it counts for nothing from now on, and its holder may register another
    Forget {
        /// Its name in the list, or enough of its beginning
        #[arg(value_name = "NAME")]
        name: String,
        /// The desk's folder, if it is not the profile's
        #[arg(long, value_name = "DIR")]
        folder: Option<String>,
    },
}

/// Arguments of `desk open`.
#[derive(Args, Clone, Debug)]
pub(crate) struct DeskOpenArgs {
    /// The policy that what is presented is judged under; it is fixed from now on
    #[arg(long, value_name = "P")]
    pub(crate) policy: String,
    /// Ask for at least this identity level
    #[arg(long, value_name = "N")]
    pub(crate) min_ial: Option<String>,
    /// Ask for at least this authentication level
    #[arg(long, value_name = "N")]
    pub(crate) min_aal: Option<String>,
    /// Why you ask, for the person who reads it
    #[arg(long, value_name = "TEXT")]
    pub(crate) why: String,
    /// Let a passkey be registered: first if the person has none here, more also beside others
    #[arg(long, value_enum, default_value_t = DeskEnrol::Never, value_name = "never|first|more", hide_possible_values = true)]
    pub(crate) register: DeskEnrol,
    /// The desk's folder, if it is not the profile's
    #[arg(long, value_name = "DIR")]
    pub(crate) folder: Option<String>,
}

/// Whether a passkey may be registered.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum DeskEnrol {
    /// No
    Never,
    /// If the person has none here
    First,
    /// Also beside others
    More,
}
