//! The daily verbs: issue, countersign, refuse, present, verify, revoke, inspect.

use clap::builder::ArgPredicate;
use clap::{Args, ValueEnum};

use super::delegate::UnderArgs;
use super::rows::RowsArgs;
use super::{OutArgs, WriteArgs, values};

/// Arguments of `issue`.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct IssueArgs {
    /// Credential type, such as IdentityCertificate
    #[arg(value_name = "TYPE")]
    pub(crate) credential_type: String,
    /// Issuer: the name of one of your DIDs, or the DID
    #[arg(long, value_name = "DID")]
    pub(crate) from: String,
    /// Whom the claims are about
    #[arg(
        long,
        value_name = "DID",
        required = false,
        required_unless_present_any = ["rows", "bearer"],
        default_value_ifs = [("rows", ArgPredicate::IsPresent, ""), ("bearer", ArgPredicate::IsPresent, "")]
    )]
    pub(crate) to: String,
    /// Name nobody: whoever has the credential can show it. Of rows, those without a subject are issued so
    #[arg(long, conflicts_with = "to")]
    pub(crate) bearer: bool,
    /// JSON file with the claims, or - for standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) claims: Option<String>,
    /// One claim (for demonstrations: command lines are public)
    #[arg(long = "claim", value_name = "K=V")]
    pub(crate) claim: Vec<String>,
    /// How the credential is secured; without it, by a Data Integrity proof over canonical JSON that fits the key
    #[arg(long, visible_alias = "suite", value_enum, value_name = "F")]
    pub(crate) credential_format: Option<SecuringFormat>,
    /// A JSON-LD context that says what claims and types mean: one built in, or pinned with inkan trust pin
    #[arg(long = "context", value_name = "URL")]
    pub(crate) contexts: Vec<String>,
    /// Which key of the issuer signs; without it, the first that fits the format
    #[arg(long, value_name = "K")]
    pub(crate) key: Option<String>,
    /// Certificates of the key in PEM, its own first: they name the issuer in the place of its DID (vc+jwt, vc+cose, dc+sd-jwt)
    #[arg(long, value_name = "FILE")]
    pub(crate) x5c: Option<String>,
    /// Name the issuer by the https URL at which its DID lives (dc+sd-jwt): readers who know no DIDs look for its keys there, in what
    /// did export --as jwt-vc-issuer writes
    #[arg(long, conflicts_with = "x5c")]
    pub(crate) https_issuer: bool,
    /// Claims that the holder may keep back (SD-JWT): names, or JSON Pointers such as /address/city, separated by commas;
    /// without it, every claim about the subject
    #[arg(long = "sd", visible_alias = "disclosable", value_name = "PATHS")]
    pub(crate) disclosable: Vec<String>,
    /// Claims that are always shown (ecdsa-sd-2023, bbs-2023), named as for --sd
    #[arg(long, value_name = "PATHS")]
    pub(crate) mandatory: Vec<String>,
    /// Up to so many false digests at each place, which hide how many claims there are (SD-JWT)
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) decoys: u8,
    /// A claim that answers a question, so that the value need not be shown: age_over_20=birthDate
    #[arg(long = "derive", value_name = "NAME=CLAIM")]
    pub(crate) derived: Vec<String>,
    /// JSON file with proofing evidence
    #[arg(long, value_name = "FILE")]
    pub(crate) evidence: Option<String>,
    /// Fail unless the evidence will reach this assurance level; writes no level anywhere
    #[arg(long, value_name = "N", value_parser = values::ial)]
    pub(crate) expect_ial: Option<String>,
    /// What the holder's wallet shows of its key (key-attestation+jwt): it is checked, and the credential says what it shows
    #[arg(long, value_name = "FILE", conflicts_with_all = ["rows", "bearer"])]
    pub(crate) key_attestation: Option<String>,
    /// The nonce that the wallet had to put into it: one of inkan request nonce, which counts once and for five minutes
    #[arg(long, value_name = "N", requires = "key_attestation", allow_hyphen_values = true)]
    pub(crate) attestation_nonce: Option<String>,
    /// How long the credential is valid, such as 365d, 12h or P1Y
    #[arg(long, value_name = "D", value_parser = values::span)]
    pub(crate) valid_for: Option<String>,
    /// When it begins to be valid (RFC 3339); without it, now
    #[arg(long, value_name = "T", value_parser = values::time)]
    pub(crate) valid_from: Option<String>,
    /// JSON file with more members of the credential: name, description, termsOfUse, renderMethod, refreshService, relatedResource,
    /// credentialSchema, and of issuer what describes it. Not for dc+sd-jwt, which has claims alone
    #[arg(long, value_name = "FILE")]
    pub(crate) with: Option<String>,
    /// JSON Schema (draft 2020-12) that the credential names and must satisfy
    #[arg(long, value_name = "FILE")]
    pub(crate) schema: Option<String>,
    /// Type metadata (dc+sd-jwt) that the claims must keep to, and that the credential fixes: its vct is TYPE
    #[arg(long, value_name = "FILE")]
    pub(crate) type_metadata: Option<String>,
    /// Who has to countersign before anybody accepts it: ROLE, ROLE=subject, ROLE=DID,DID (all of them), ROLE:seal=DID (who closes it), ROLE:delegates=DID (or an agent of theirs), or a JSON file of demands
    #[arg(long, value_name = "FILE|ROLE=DID")]
    pub(crate) countersigners: Vec<String>,
    /// By when they have to (RFC 3339), where a demand does not say it itself
    #[arg(long, value_name = "T", value_parser = values::time, requires = "countersigners")]
    pub(crate) countersign_by: Option<String>,
    /// Do not make the credential revocable
    #[arg(long)]
    pub(crate) no_status: bool,
    /// In what kind of status list it gets its place; without it, in the one that the format is made for
    #[arg(
        long,
        value_enum,
        value_name = "bitstring|token|token-cwt",
        conflicts_with = "no_status",
        hide_possible_values = true
    )]
    pub(crate) status: Option<StatusKind>,
    /// Where you serve its status list yourself: one that no ledger announces, and inkan status-list publish --out writes
    #[arg(long, value_name = "URL", requires = "no_ledger", conflicts_with = "no_status")]
    pub(crate) status_url: Option<String>,
    /// Give it a place in a suspension list too: it can then be suspended, and reinstated (token lists always can)
    #[arg(long, conflicts_with = "no_status")]
    pub(crate) suspendable: bool,
    /// Give it a place in a list of messages: 2, 4, 8, … of them, separated by commas, the first being that of a fresh credential
    #[arg(
        long,
        value_name = "M,M,…",
        conflicts_with = "no_status",
        value_delimiter = ',',
        value_parser = values::words
    )]
    pub(crate) messages: Vec<String>,
    /// Where the messages are explained: a URL that the credential names; repeat for several
    #[arg(long = "message-reference", value_name = "URL", requires = "messages")]
    pub(crate) message_references: Vec<String>,
    /// Do not record the credential on the ledger
    #[arg(long)]
    pub(crate) no_ledger: bool,
    /// Write the plain credential instead of a bundle
    #[arg(long)]
    pub(crate) bare: bool,
    /// Where the result goes.
    #[command(flatten)]
    pub(crate) out: OutArgs,
    /// Dry run and answers.
    #[command(flatten)]
    pub(crate) write: WriteArgs,
    /// A file of rows instead of one credential.
    #[command(flatten)]
    pub(crate) rows: RowsArgs,
}

/// How a credential is secured.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum SecuringFormat {
    /// Data Integrity with Ed25519 over canonical JSON
    #[value(name = "eddsa-jcs-2022")]
    EddsaJcs2022,
    /// Data Integrity with Ed25519 over canonical RDF
    #[value(name = "eddsa-rdfc-2022")]
    EddsaRdfc2022,
    /// Data Integrity with P-256 or P-384 over canonical JSON
    #[value(name = "ecdsa-jcs-2019")]
    EcdsaJcs2019,
    /// Data Integrity with P-256 or P-384 over canonical RDF
    #[value(name = "ecdsa-rdfc-2019")]
    EcdsaRdfc2019,
    /// Data Integrity with P-256: the holder chooses which claims to show
    #[value(name = "ecdsa-sd-2023")]
    EcdsaSd2023,
    /// Data Integrity with BBS: shown in parts that cannot be linked to each other
    #[value(name = "bbs-2023")]
    Bbs2023,
    /// A compact JWS (VC-JOSE-COSE)
    #[value(name = "vc+jwt")]
    VcJwt,
    /// A COSE message (VC-JOSE-COSE)
    #[value(name = "vc+cose")]
    VcCose,
    /// An SD-JWT: the holder chooses which claims to show (VC-JOSE-COSE)
    #[value(name = "vc+sd-jwt")]
    VcSdJwt,
    /// An SD-JWT VC, as wallets of the OpenID world hold it
    #[value(name = "dc+sd-jwt")]
    DcSdJwt,
}

impl SecuringFormat {
    /// Whether statements are signed, which a holder could spell in another way, and not the text as it is.
    pub(crate) const fn signs_statements(self) -> bool {
        match self {
            Self::EddsaRdfc2022 | Self::EcdsaRdfc2019 | Self::EcdsaSd2023 | Self::Bbs2023 => true,
            Self::EddsaJcs2022
            | Self::EcdsaJcs2019
            | Self::VcJwt
            | Self::VcCose
            | Self::VcSdJwt
            | Self::DcSdJwt => false,
        }
    }
}

/// Kinds of status lists.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum StatusKind {
    /// A Bitstring Status List (W3C), for every format but dc+sd-jwt
    Bitstring,
    /// A Token Status List (IETF) in a JWT, for vc+jwt, vc+cose and both kinds of SD-JWT
    Token,
    /// The same in a CWT
    #[value(name = "token-cwt")]
    TokenCwt,
}

/// How a presentation is secured.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum PresentationFormat {
    /// A presentation with a Data Integrity proof over canonical JSON, by the suite that fits the key
    #[value(name = "data-integrity", alias = "eddsa-jcs-2022")]
    DataIntegrity,
    /// A presentation in a compact JWS (VC-JOSE-COSE)
    #[value(name = "vp+jwt", alias = "vc+jwt")]
    VpJwt,
    /// A presentation in an SD-JWT (VC-JOSE-COSE)
    #[value(name = "vp+sd-jwt")]
    VpSdJwt,
    /// A presentation in a COSE message (VC-JOSE-COSE)
    #[value(name = "vp+cose")]
    VpCose,
    /// One SD-JWT credential with a key binding, and nothing around it
    #[value(name = "kb+jwt")]
    KeyBinding,
}

/// Role of a countersigner.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum DecisionRole {
    /// The person or thing the credential is about accepts it
    Holder,
    /// Issues it together with the issuer
    CoIssuer,
    /// Saw it happen
    Witness,
    /// Certifies it by office
    Notary,
    /// Acts for a subject who cannot
    Guardian,
    /// Acts under a power of attorney
    Delegate,
}

/// Arguments of `countersign`.
#[derive(Args, Clone, Debug)]
pub(crate) struct CountersignArgs {
    /// Credential or bundle, or the URL of an offer; - or nothing reads standard input
    #[arg(value_name = "FILE|URL")]
    pub(crate) file: Option<String>,
    /// Which of your DIDs signs
    #[arg(long = "as", value_name = "DID")]
    pub(crate) identity: Option<String>,
    /// Which key of it
    #[arg(long, value_name = "K")]
    pub(crate) key: Option<String>,
    /// In which role; without it, the one in which the offer names you, else holder of what is about you
    #[arg(long, value_enum, value_name = "R")]
    pub(crate) role: Option<DecisionRole>,
    /// The power of a delegate.
    #[command(flatten)]
    pub(crate) power: UnderArgs,
    /// Make another act, though you have accepted this credential already
    #[arg(long)]
    pub(crate) again: bool,
    /// Write the plain credential instead of a bundle
    #[arg(long)]
    pub(crate) bare: bool,
    /// Where the result goes.
    #[command(flatten)]
    pub(crate) out: OutArgs,
    /// Dry run and answers.
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// Arguments of `refuse`.
#[derive(Args, Clone, Debug)]
pub(crate) struct RefuseArgs {
    /// Credential or bundle, or the URL of an offer; - or nothing reads standard input
    #[arg(value_name = "FILE|URL")]
    pub(crate) file: Option<String>,
    /// Which of your DIDs refuses
    #[arg(long = "as", value_name = "DID")]
    pub(crate) identity: Option<String>,
    /// Which key of it
    #[arg(long, value_name = "K")]
    pub(crate) key: Option<String>,
    /// In which role; without it, the one in which you accepted, or in which the offer names you
    #[arg(long, value_enum, value_name = "R")]
    pub(crate) role: Option<DecisionRole>,
    /// The power of a delegate.
    #[command(flatten)]
    pub(crate) power: UnderArgs,
    /// Why, in one line: signed with the refusal and kept beside the credential; the ledger does not see it
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    /// Write the plain credential instead of a bundle
    #[arg(long)]
    pub(crate) bare: bool,
    /// Where the result goes.
    #[command(flatten)]
    pub(crate) out: OutArgs,
    /// Dry run and answers.
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// Arguments of `present`.
#[derive(Args, Clone, Debug)]
pub(crate) struct PresentArgs {
    /// A bundle or credential on standard input (-), if --cred names none
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<String>,
    /// A credential: a file, or its name in the wallet
    #[arg(long = "cred", value_name = "ID")]
    pub(crate) credentials: Vec<String>,
    /// Which of your DIDs presents
    #[arg(long = "as", value_name = "DID")]
    pub(crate) identity: Option<String>,
    /// The verifier's audience
    #[arg(long, value_name = "A", requires = "nonce")]
    pub(crate) aud: Option<String>,
    /// The verifier's nonce
    #[arg(long, value_name = "N", allow_hyphen_values = true, requires = "aud")]
    pub(crate) nonce: Option<String>,
    /// Claims to show of credentials that can be shown in parts: names, or JSON Pointers such as /address/city, separated by commas;
    /// of several credentials, cred[0]:NAMES for the first one, and cred[1]:* for all of the second
    #[arg(long, value_name = "PATHS", conflicts_with = "disclose_all")]
    pub(crate) disclose: Vec<String>,
    /// Show every claim of them
    #[arg(long)]
    pub(crate) disclose_all: bool,
    /// Id of another party's proof that stays on a credential that is shown in parts; * for all that can. Repeat for several
    #[arg(long, value_name = "PROOF-ID")]
    pub(crate) keep: Vec<String>,
    /// How the presentation is secured; without it, one SD-JWT by a key binding, all else by a Data Integrity proof
    #[arg(long, value_enum, value_name = "F")]
    pub(crate) presentation_format: Option<PresentationFormat>,
    /// Which key of the DID signs; without it, its first
    #[arg(long, value_name = "K")]
    pub(crate) key: Option<String>,
    /// Certificates of the key in PEM, its own first: they name who presents, in the place of the DID (vp+jwt, vp+cose)
    #[arg(long, value_name = "FILE", conflicts_with = "consents")]
    pub(crate) x5c: Option<String>,
    /// Consent to this use of what is shown, in a receipt for you and the receiver; NAME=TEXT gives the use a name too
    #[arg(long = "consent", value_name = "TEXT", requires = "consent_out")]
    pub(crate) consents: Vec<String>,
    /// When the consent ends: a time (RFC 3339), or a span such as 90d
    #[arg(long, value_name = "T", value_parser = values::end, requires = "consents")]
    pub(crate) until: Option<String>,
    /// Write the consent receipt here
    #[arg(long, value_name = "F", requires = "consents")]
    pub(crate) consent_out: Option<String>,
    /// Record the consent on the ledger, as a salted digest that shows nothing
    #[arg(long, requires = "consents")]
    pub(crate) record: bool,
    /// Write the plain presentation instead of a bundle
    #[arg(long)]
    pub(crate) bare: bool,
    /// Where the result goes.
    #[command(flatten)]
    pub(crate) out: OutArgs,
    /// Dry run and answers.
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// Arguments of `verify`.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct VerifyArgs {
    /// Credentials, presentations or bundles, or folders of them; - or nothing reads standard input
    ///
    /// Of a folder the files that end in .json, .jsonld, .jwt, .sd-jwt or .cose are taken; what is left out is said.
    /// Several are judged on all cores, and told in a line each; with --json a list, with -f jsonl a line each. The exit
    /// code is then the first of 18, 11, 17, 12, 13, 14, 16, 15, 19, 10 that one of them has; then the least.
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<String>,
    /// Policy: one of `inkan policy list`, or a file
    #[arg(long, value_name = "P")]
    pub(crate) policy: Option<String>,
    /// Demand this identity assurance level besides
    #[arg(long, value_name = "N", value_parser = values::ial)]
    pub(crate) min_ial: Option<String>,
    /// Demand this authenticator assurance level besides
    #[arg(long, value_name = "N", value_parser = values::aal)]
    pub(crate) min_aal: Option<String>,
    /// Judge as of this time (RFC 3339)
    #[arg(long, value_name = "T", value_parser = values::time)]
    pub(crate) at: Option<String>,
    /// The audience the presentation must name
    #[arg(long, value_name = "A")]
    pub(crate) aud: Option<String>,
    /// A nonce you keep yourself
    #[arg(long, value_name = "N", allow_hyphen_values = true, conflicts_with = "replay")]
    pub(crate) nonce: Option<String>,
    /// What was shown beside the presentation: how it came, key attestations, logins with a card, authentication events (JSON)
    ///
    /// The file is that of schemas/presentation-evidence.schema.json. Its channel is what you saw yourself, all else what
    /// you were sent. Issuers' key statements stand in the credentials; of them the channel decides whether they reach
    /// AAL-3. A card counts if it is registered (inkan evidence jpki check --register). Answers of passkeys
    /// need a site that registered them, and count for nothing here.
    #[arg(long, value_name = "F")]
    pub(crate) authenticator: Option<String>,
    /// Judge a login to an account, where nobody presents anything: a file with the handle of your session
    ///
    /// The handle is a secret of 128 bits or more, of which the operator is told the SHA-256 alone. What was shown, authentication
    /// events of that session, stands in the file of --authenticator. AAL-2 at most; policies about identity take none of it.
    #[arg(long, value_name = "F", requires = "authenticator", requires = "aud", conflicts_with_all = ["files", "nonce", "replay", "at", "report_out", "evidence_out"])]
    pub(crate) session: Option<String>,
    /// Judge a presentation again whose nonce was used; it is then not live
    #[arg(long)]
    pub(crate) replay: bool,
    /// Show every check, the evidence and the clauses of the policy
    #[arg(long)]
    pub(crate) explain: bool,
    /// Draw the levels as ladders: what is asked for, what was reached, and why no more
    #[arg(long)]
    pub(crate) graph: bool,
    /// Write the ladders as a picture (SVG) to this file; not with several files
    #[arg(long, value_name = "F")]
    pub(crate) graph_out: Option<String>,
    /// Ask nobody over the network
    #[arg(long)]
    pub(crate) offline: bool,
    /// Greatest age of ledger and status answers, such as 24h
    #[arg(long, value_name = "D", value_parser = values::span)]
    pub(crate) max_age: Option<String>,
    /// Keep what the verdict rests on in this file, as bundle pack does
    #[arg(long, value_name = "F")]
    pub(crate) evidence_out: Option<String>,
    /// Sign the report with a DID of this profile, as a credential (VerificationReport, a JWT) that others can verify; it is
    /// recorded on the ledger, unless --offline. Not with several files
    #[arg(long, value_name = "F")]
    pub(crate) report_out: Option<String>,
    /// After a refusal, write what to ask the wallet for: a request of OpenID4VP 1.0 with a fresh nonce of this profile (JSON),
    /// signed by a DID of this profile if it has one. Nothing is written if no presentation would help. Not with several files
    #[arg(long, value_name = "F", requires = "reply", conflicts_with = "session")]
    pub(crate) request_out: Option<String>,
    /// Where the wallet posts its answer to that request
    #[arg(long, value_name = "URL", group = "reply", requires = "request_out", value_parser = values::reply_url)]
    pub(crate) response_uri: Option<String>,
    /// The site whose page hands that request to the browser, which hands back the answer (Digital Credentials API)
    #[arg(long, value_name = "ORIGIN", group = "reply", requires = "request_out", value_parser = values::origin)]
    pub(crate) origin: Option<String>,
    /// Who signs report and request, if several of your DIDs could
    #[arg(long = "as", value_name = "DID")]
    pub(crate) identity: Option<String>,
    /// Replace the files of --evidence-out, --graph-out, --report-out and --request-out if they exist
    #[arg(long)]
    pub(crate) force: bool,
}

/// Arguments of `revoke`.
#[derive(Args, Clone, Debug)]
pub(crate) struct RevokeArgs {
    /// The credential: a file, its id, or its name in `inkan cred list --issued`
    #[arg(value_name = "CRED")]
    pub(crate) credential: String,
    /// Why, for your own records; it is not published
    #[arg(long, value_name = "R", value_parser = values::words)]
    pub(crate) reason: String,
    /// Issuer, if several of your DIDs could be meant
    #[arg(long, value_name = "DID")]
    pub(crate) from: Option<String>,
    /// Since when it should not have been relied on (RFC 3339, not later than now); for your own records, like the reason:
    /// verifiers see the revocation from when the list is published
    #[arg(long, value_name = "T", value_parser = values::time)]
    pub(crate) effective: Option<String>,
    /// Dry run and answers.
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// Arguments of `inspect`.
#[derive(Args, Clone, Debug)]
pub(crate) struct InspectArgs {
    /// Any file of ours, or a credential; - or nothing reads standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<String>,
    /// The JSON as it is
    #[arg(long)]
    pub(crate) raw: bool,
    /// How deep to show nested values
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub(crate) depth: usize,
}
