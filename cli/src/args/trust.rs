//! The verifier's side: `proof …`, `request …`, `policy …`, `trust …`.

use clap::{Args, Subcommand, ValueEnum};

use super::story::{DecisionRole, SecuringFormat};
use super::{OutArgs, WriteArgs, values};

/// `inkan proof …`
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum ProofCommand {
    /// Check the signatures of a file and nothing else: no status, time, ledger or trust
    Check {
        /// Credential, presentation or bundle; - or nothing reads standard input
        #[arg(value_name = "FILE")]
        file: Option<String>,
    },
    /// Put one more proof on a credential, as one more party that says what it says: beside those that are there, or over some
    ///
    /// It asserts, as the issuer's proof does; who only accepts or witnesses countersigns (inkan countersign). A policy asks for
    /// several with "proofs": {"atLeast": N}.
    Add(ProofAddArgs),
}

/// Arguments of `proof add`.
#[derive(Args, Clone, Debug)]
pub(crate) struct ProofAddArgs {
    /// Credential or bundle with a Data Integrity proof; - or nothing reads standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<String>,
    /// Who says it too: the name of one of your DIDs, or the DID
    #[arg(long, value_name = "DID")]
    pub(crate) from: Option<String>,
    /// Which key signs; without it, the first that fits the suite
    #[arg(long, value_name = "K")]
    pub(crate) key: Option<String>,
    /// The suite; without it, the one over canonical JSON that fits the key
    #[arg(long, value_enum, value_name = "S")]
    pub(crate) suite: Option<SecuringFormat>,
    /// The id of a proof on it that this one covers (previousProof); repeat for several
    #[arg(long = "after", value_name = "PROOF-ID")]
    pub(crate) after: Vec<String>,
    /// Claims that every part shows on which this proof stays (ecdsa-sd-2023, bbs-2023): names, or JSON Pointers, separated by commas
    #[arg(long, value_name = "PATHS")]
    pub(crate) mandatory: Vec<String>,
    /// Write the plain credential instead of a bundle
    #[arg(long)]
    pub(crate) bare: bool,
    /// Where the result goes.
    #[command(flatten)]
    pub(crate) out: OutArgs,
}

/// `inkan request …`
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum RequestCommand {
    /// Make a nonce that the next presentation must answer, once, within five minutes
    Nonce {
        /// The audience the presentation must name
        #[arg(long, value_name = "A")]
        aud: Option<String>,
        /// The policy it will be judged under, as that is now
        #[arg(long, value_name = "P")]
        policy: Option<String>,
    },
}

/// `inkan policy …`
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Write a policy
    New(PolicyNewArgs),
    /// List policies: yours and the ready-made ones
    List,
    /// Show a policy
    Show {
        /// Id or file
        policy: String,
    },
    /// Say in sentences what a policy demands
    Explain {
        /// Id or file
        policy: String,
        /// In which language
        #[arg(long, value_enum, value_name = "en|ja", default_value_t = Language::En, hide_possible_values = true)]
        lang: Language,
    },
    /// Look for demands that nothing can meet, or that go too far
    Lint {
        /// Id or file
        policy: String,
        /// In which language
        #[arg(long, value_enum, value_name = "en|ja", default_value_t = Language::En, hide_possible_values = true)]
        lang: Language,
    },
    /// Judge a table of cases: files, and what the policy must say of each
    ///
    /// A table is a JSON file (schemas/policy-cases.schema.json): { "type": "inkan-policy-cases/1", "cases": [ { "file":
    /// "card.json", "expect": { "decision": "accept", "ial": "IAL-2" } } ] }. Files are found from where the table is. A case
    /// may name at, aud, nonce and authenticator as verify does. A presentation is judged as if it had been asked for and
    /// had just come in: at the time named, else when it was made; no nonce is used up. Exit 0 if all cases come out as
    /// expected, else 15.
    Test(PolicyTestArgs),
}

/// A language of sentences.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub(crate) enum Language {
    /// English
    En,
    /// Japanese
    Ja,
}

impl Language {
    /// Its tag.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Ja => "ja",
        }
    }
}

/// Arguments of `policy test`.
#[derive(Args, Clone, Debug)]
pub(crate) struct PolicyTestArgs {
    /// Id or file
    #[arg(value_name = "POLICY")]
    pub(crate) policy: String,
    /// Tables of cases; - or nothing reads standard input
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<String>,
    /// Judge as of this time (RFC 3339) where a case names none; without it, credentials as of now
    #[arg(long, value_name = "T", value_parser = values::time)]
    pub(crate) at: Option<String>,
    /// Ask nobody over the network
    #[arg(long)]
    pub(crate) offline: bool,
}

/// `inkan trust …`
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum TrustCommand {
    /// Trust an issuer, a DID or an https URL, with types of credentials, to countersign, and to vouch for rows of the assurance table; with --as, say so on the ledger
    Add(TrustAddArgs),
    /// Show the trust list, or what an authority states on the ledger
    List(TrustListArgs),
    /// Take a party off: it vouches for its past; with --for-cause, for nothing
    Remove(TrustRemoveArgs),
    /// Say whether a party may do something, as of a time, and who says so
    Check(TrustCheckArgs),
    /// Draw who trusts whom
    Graph(TrustGraphArgs),
    /// Pin the bytes of a URL, so that they are used and never fetched: a JSON-LD context, or a resource that a credential names;
    /// as urn:x509:issuer-anchor:NAME a certificate, PEM or DER, that is trusted to certify issuers and who presents (x5c), with
    /// ?=revocation=demanded&policy=OID after it on these terms; as urn:x509:crl:NAME or urn:x509:ocsp:NAME what authorities say they revoked;
    /// as urn:x509:tsa-anchor:NAME one that is trusted to stamp times;
    /// as urn:inkan:registry:ID?=key=MULTIKEY the signed answer of a registry (inkan-registry+jws), which counts beside your own list
    Pin {
        /// The URL that names it
        #[arg(value_name = "URL")]
        url: String,
        /// The file, or - for standard input
        #[arg(value_name = "FILE")]
        file: String,
        /// What it must hash to, in hexadecimal, from where you trust it
        #[arg(long, value_name = "HEX")]
        sha256: Option<String>,
        /// Dry run and answers.
        #[command(flatten)]
        write: WriteArgs,
    },
    /// Take a pin away
    Unpin {
        /// The URL
        #[arg(value_name = "URL")]
        url: String,
    },
    /// List what is pinned
    Pins,
}

/// Arguments of `policy new`.
#[derive(Args, Clone, Debug)]
pub(crate) struct PolicyNewArgs {
    /// Its id: lower-case letters, digits, dots and dashes
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// Credential type it accepts
    #[arg(long = "type", value_name = "T")]
    pub(crate) credential_type: Option<String>,
    /// Least identity assurance level: 0, 1, 2, 2+, 3, 3+
    #[arg(long, value_name = "N", value_parser = values::ial)]
    pub(crate) min_ial: Option<String>,
    /// Least authenticator assurance level: 0 to 3
    #[arg(long, value_name = "N", value_parser = values::aal)]
    pub(crate) min_aal: Option<String>,
    /// A countersignature in this role must be there
    #[arg(long, value_enum, value_name = "ROLE")]
    pub(crate) countersigned: Vec<DecisionRole>,
    /// Proofs beside the issuer's: all of them are checked, or N different controllers made some, the issuer among them
    #[arg(long, value_name = "all|N", value_parser = values::proofs)]
    pub(crate) proofs: Option<String>,
    /// Least grade of time: operator, witnessed:K, tsa or chain (which no receipt reaches yet)
    #[arg(long, value_name = "GRADE", value_parser = values::grade)]
    pub(crate) time: Option<String>,
    /// Where the result goes.
    #[command(flatten)]
    pub(crate) out: OutArgs,
    /// Dry run and answers.
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// Arguments of `trust add`.
#[derive(Args, Clone, Debug)]
pub(crate) struct TrustAddArgs {
    /// Its DID; or of an issuer that certificates name (x5c) its https URL
    #[arg(value_name = "ISSUER")]
    pub(crate) party: String,
    /// Credential types it may issue
    #[arg(long, value_name = "TYPE", required_unless_present_any = [
        "countersigns", "authority", "succeeds", "same_controller", "roles", "rows", "statements",
    ], num_args = 1..)]
    pub(crate) issues: Vec<String>,
    /// Roles in which it may countersign, for policies that name this list as registry
    #[arg(long, value_enum, value_name = "ROLE", num_args = 1..)]
    pub(crate) countersigns: Vec<DecisionRole>,
    /// Its roles, such as attribute_issuer or identity_proofer; without one it has none
    #[arg(long = "role", value_name = "R", value_parser = PARTY_ROLES)]
    pub(crate) roles: Vec<String>,
    /// Rows of the assurance table it may state
    #[arg(long, value_name = "ROW", num_args = 1.., value_parser = ROWS)]
    pub(crate) rows: Vec<String>,
    /// Credential types with which it is a root of identity (row R1), if that is its role
    #[arg(long, value_name = "TYPE", num_args = 1..)]
    pub(crate) anchor_types: Vec<String>,
    /// Statements that it may make in what it issues: key_statement says where the holder's key is kept
    #[arg(long, value_name = "KIND", num_args = 1.., value_parser = STATEMENTS)]
    pub(crate) statements: Vec<String>,
    /// Keys of an operator of logins, of a wallet provider or of a base register, by which what it signs is checked: files with a JWK or a set of them
    #[arg(long = "key", value_name = "FILE", conflicts_with = "identity")]
    pub(crate) keys: Vec<String>,
    /// Factors that an operator of logins may state
    #[arg(long = "factor", value_name = "F", num_args = 1.., value_parser = FACTORS, requires = "max_aal",
        conflicts_with = "identity")]
    pub(crate) factors: Vec<String>,
    /// The most that a login may reach on the operator's word: 0 to 3
    #[arg(long, value_name = "N", value_parser = OPERATOR_LEVELS, requires = "factors")]
    pub(crate) max_aal: Option<String>,
    /// Certification schemes whose word about factors counts
    #[arg(long = "scheme", value_name = "URL", num_args = 1.., requires = "factors")]
    pub(crate) schemes: Vec<String>,
    /// What it states on the ledger counts as a registry of its own
    #[arg(long)]
    pub(crate) authority: bool,
    /// DIDs that it has taken over from: it may revoke what they issued
    #[arg(long, value_name = "DID", num_args = 1..)]
    pub(crate) succeeds: Vec<String>,
    /// Other DIDs of the same controller: where distinct ones are demanded they count once
    #[arg(long, value_name = "DID", num_args = 1..)]
    pub(crate) same_controller: Vec<String>,
    /// Say it on the ledger, signed by this DID of yours, and not in your own list
    #[arg(long = "as", value_name = "DID")]
    pub(crate) identity: Option<String>,
    /// From when on (RFC 3339); always if you give none
    #[arg(long, value_name = "T", value_parser = values::time)]
    pub(crate) from: Option<String>,
    /// Until when (RFC 3339)
    #[arg(long, value_name = "T", value_parser = values::time)]
    pub(crate) until: Option<String>,
    /// Dry run and answers.
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// Roles of a party in a registry.
const PARTY_ROLES: [&str; 7] = [
    "root_identity_issuer",
    "identity_proofer",
    "attribute_issuer",
    "wallet_provider",
    "revocation_checker",
    "authentication_operator",
    "base_registry",
];
/// Kinds of statement that registries allow.
const STATEMENTS: [&str; 1] = ["key_statement"];
/// Factors of a login that are known (assurance §7.1).
const FACTORS: [&str; 11] = [
    "cookie",
    "password",
    "pin",
    "email_link",
    "otp_sms",
    "otp_software",
    "otp_hardware",
    "push",
    "smart_id",
    "webauthn",
    "ic_card",
];
/// Levels that an operator may be trusted for.
const OPERATOR_LEVELS: [&str; 4] = ["0", "1", "2", "3"];
/// Rows of the assurance table.
const ROWS: [&str; 9] = ["R1", "R2a", "R2b", "R3", "R4", "R5", "R6", "R7", "R8"];

/// Arguments of `trust list`.
#[derive(Args, Clone, Debug)]
pub(crate) struct TrustListArgs {
    /// The authority whose statements on the ledger are shown: a DID, or the name of one of yours
    #[arg(long, value_name = "DID")]
    pub(crate) of: Option<String>,
    /// As of when (RFC 3339); now if you give none
    #[arg(long, visible_alias = "at", value_name = "T", value_parser = values::time)]
    pub(crate) as_of: Option<String>,
}

/// Arguments of `trust remove`.
#[derive(Args, Clone, Debug)]
pub(crate) struct TrustRemoveArgs {
    /// Its DID; or of an issuer that certificates name its https URL
    #[arg(value_name = "ISSUER")]
    pub(crate) party: String,
    /// Take back what this DID of yours said of it on the ledger, and not what your own list says
    #[arg(long = "as", value_name = "DID")]
    pub(crate) identity: Option<String>,
    /// Void the past as well: what it did is not believed any more
    #[arg(long)]
    pub(crate) for_cause: bool,
    /// With --for-cause: what witnesses had seen before this time stays good (RFC 3339)
    #[arg(long, value_name = "T", value_parser = values::time, requires = "for_cause")]
    pub(crate) since: Option<String>,
    /// From when on it vouches for nothing new (RFC 3339); from now on if you give none
    #[arg(long, value_name = "T", value_parser = values::time, conflicts_with = "for_cause")]
    pub(crate) from: Option<String>,
    /// With --as: take back only that it may issue these types
    #[arg(long, value_name = "TYPE", num_args = 1.., requires = "identity")]
    pub(crate) issues: Vec<String>,
    /// Dry run and answers.
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// Arguments of `trust check`.
#[derive(Args, Clone, Debug)]
#[command(after_help = CHECK_HELP)]
pub(crate) struct TrustCheckArgs {
    /// The party: a DID, or an https URL
    #[arg(value_name = "DID")]
    pub(crate) party: String,
    /// Whether it may issue this credential type
    #[arg(long, visible_alias = "type", value_name = "TYPE")]
    pub(crate) issues: Option<String>,
    /// Whether it has this role, of a party (attribute_issuer) or of a countersigner (notary)
    #[arg(long, value_name = "R")]
    pub(crate) role: Option<String>,
    /// Whether it may state this row of the assurance table
    #[arg(long, value_name = "ROW", value_parser = ROWS)]
    pub(crate) row: Option<String>,
    /// Whether it has taken over from this DID
    #[arg(long, value_name = "DID")]
    pub(crate) succeeds: Option<String>,
    /// Ask the registry at this address (TRQP) in the place of those of the profile; its answer is not signed
    #[arg(long, value_name = "URL")]
    pub(crate) registry: Option<String>,
    /// With --registry: whose word is asked for; without it, the one authority on the trust list
    #[arg(long, value_name = "DID", requires = "registry")]
    pub(crate) authority: Option<String>,
    /// As of when (RFC 3339); now if you give none
    #[arg(long, value_name = "T", value_parser = values::time)]
    pub(crate) at: Option<String>,
}

/// What the exit codes of `trust check` mean.
const CHECK_HELP: &str = "\
0: a registry of this profile says so, and none that the party is revoked for cause. 14: none says so. 19: cannot tell, \
because a registry is no longer current.";

/// In which form a graph comes.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum GraphForm {
    /// Lines on a terminal
    Text,
    /// A picture
    Svg,
    /// A page with the picture and the same in words
    Html,
}

/// Arguments of `trust graph`.
#[derive(Args, Clone, Debug)]
pub(crate) struct TrustGraphArgs {
    /// Only who trusts this DID, and whom it trusts
    #[arg(value_name = "DID")]
    pub(crate) party: Option<String>,
    /// text, svg or html
    #[arg(long = "as", value_enum, value_name = "FORM", default_value_t = GraphForm::Text)]
    pub(crate) form: GraphForm,
    /// As of when (RFC 3339); now if you give none
    #[arg(long, value_name = "T", value_parser = values::time)]
    pub(crate) at: Option<String>,
    /// Where the result goes.
    #[command(flatten)]
    pub(crate) out: OutArgs,
}
