//! `serve` and `conformance`: the API of issuers and verifiers, and commands that test suites call.

use clap::{Args, Subcommand, ValueEnum};

/// What somebody needs to know before the first request.
const SERVE_HELP: &str = "\
Paths: /credentials/issue, /credentials/derive, /credentials/status, /credentials/bundle, /credentials/verify, /presentations, /presentations/verify, \
/status/{list} and /status/{list}/publish; /offers and /offers/{offer} of an exchange; with the name of a suite \
before them, that suite: /ecdsa-rdfc-2019/credentials/issue. Suites: eddsa-rdfc-2022 (the one without a prefix), eddsa-jcs-2022, \
ecdsa-rdfc-2019, ecdsa-rdfc-2019-p384, ecdsa-jcs-2019, ecdsa-jcs-2019-p384, ecdsa-sd-2023, bbs-2023, vc-jwt, vc-jwt-p256, vc-jwt-p384, vc-cose, vc-sd-jwt, dc-sd-jwt; ed25519-signature-2020 is verified only. \
With --role registry: POST /authorization and /recognition (TRQP 2.0), for what this profile's DIDs, its trust list and the authorities on it say. \
/ids names the DIDs that sign, /openapi.json describes all paths, /about says which profile is served; /healthz, /readyz, /metrics.
What a did:webvh DID issues is recorded in the profile's ledger, so that it outlives its key, and its status lists are announced there; not with --no-ledger, by bbs-2023, or by a did:key. POST /credentials/bundle gives a credential back with its receipts, for verifying offline. What is verified is judged by the profile's ledger and pinned trust, as inkan verify does.
With --desk: /desk/sessions (operators), /desk/… (people), see inkan desk --help.
200 means verified; what does not verify is 400 with \"verified\": false and problem details.
Try it out: inkan serve --throwaway --open-issuing --http";

/// Arguments of `serve`.
#[derive(Args, Clone, Debug)]
#[command(after_help = SERVE_HELP)]
pub(crate) struct ServeArgs {
    /// What to do for others; issuer and verifier if you give none. exchange keeps offers for those who have to countersign them,
    /// registry says what authorities say of parties
    #[arg(
        long = "role",
        value_enum,
        value_name = "issuer|verifier|exchange|registry",
        hide_possible_values = true
    )]
    pub(crate) roles: Vec<ServeRole>,
    /// Where to listen
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:7080")]
    pub(crate) listen: std::net::SocketAddr,
    /// The URL by which others reach it, if not by that address: status lists are named by it
    #[arg(long, value_name = "URL")]
    pub(crate) public_url: Option<String>,
    /// Certificate chain (PEM) of this server; without one it makes itself one that nobody knows
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_cert: Option<String>,
    /// The key of the certificate (PEM), that only you may read
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<String>,
    /// Speak plain http; on a loopback address only
    #[arg(long, conflicts_with_all = ["tls_cert", "client_ca"])]
    pub(crate) http: bool,
    /// File of tokens, one a line of at least 22 characters, that only you may read: who sends one (Authorization: Bearer)
    /// may have something signed, or publish an offer
    #[arg(long, value_name = "FILE", conflicts_with = "open_issuing")]
    pub(crate) tokens: Option<String>,
    /// Certificates (PEM) of those who certify clients: who shows such a certificate may have something signed
    #[arg(long, value_name = "FILE", conflicts_with = "open_issuing")]
    pub(crate) client_ca: Option<String>,
    /// Sign, and publish, for anybody who asks; on a loopback address only
    #[arg(long)]
    pub(crate) open_issuing: bool,
    /// Make keys that nobody keeps, one for each suite, instead of using those of the profile
    #[arg(long)]
    pub(crate) throwaway: bool,
    /// Which of your DIDs sign, if you have several; a suite is served by the first that has a key for it
    #[arg(long = "as", value_name = "DID", conflicts_with = "throwaway")]
    pub(crate) dids: Vec<String>,
    /// Give every issued credential a status entry of this purpose; repeat for both
    #[arg(
        long = "status",
        value_enum,
        value_name = "revocation|suspension",
        hide_possible_values = true
    )]
    pub(crate) status: Vec<ServeStatus>,
    /// Folder that offers and answered nonces of attestations are kept in, and the status of credentials where no ledger announces it; in the profile if you give none
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<String>,
    /// Do not record what is issued in the profile's ledger: it then does not outlive its key
    #[arg(long, conflicts_with = "throwaway")]
    pub(crate) no_ledger: bool,
    /// Open a desk for people: pages on which they present, and confirm with passkeys; sessions by POST /desk/sessions
    /// (tokens) or inkan desk open
    #[arg(long)]
    pub(crate) desk: bool,
    /// Folder that the desk keeps sessions and passkeys in; in the profile if you give none
    #[arg(long, value_name = "DIR", requires = "desk")]
    pub(crate) desk_folder: Option<String>,
    /// Who asks, as the pages say it; the profile's name if you give none
    #[arg(long, value_name = "NAME", requires = "desk")]
    pub(crate) desk_name: Option<String>,
    /// Sign the verdicts of the desk with this DID of the profile, as credentials (VerificationReport) that people take along; they are
    /// recorded on the ledger, unless --no-ledger
    #[arg(long, value_name = "DID", requires = "desk", conflicts_with = "throwaway")]
    pub(crate) desk_report_as: Option<String>,
    /// What FIDO says of models of authenticators (the BLOB of its metadata service); without it no passkey lifts a
    /// presentation above AAL-1+
    #[arg(long, value_name = "FILE", requires_all = ["desk", "fido_root"])]
    pub(crate) fido_metadata: Option<String>,
    /// The certificate that the signer of the metadata is certified below
    #[arg(long, value_name = "FILE", requires = "fido_metadata")]
    pub(crate) fido_root: Option<String>,
    /// The host that the signer of the metadata is certified as
    #[arg(
        long,
        value_name = "HOST",
        default_value = "mds.fidoalliance.org",
        requires = "fido_metadata"
    )]
    pub(crate) fido_host: String,
    /// Fetch DIDs and status lists of others over https when something is verified, at public addresses alone: whoever asks
    /// then chooses where this server sends requests
    #[arg(long)]
    pub(crate) fetch: bool,
    /// How strictly to judge: conformance is for the test suites of the W3C, and believes too much
    #[arg(long = "judge", value_enum, default_value_t = ServeProfile::Strict, value_name = "strict|conformance", hide_possible_values = true)]
    pub(crate) judge: ServeProfile,
    /// Network of a proxy whose X-Forwarded-For is believed, such as 10.0.0.0/8
    #[arg(long = "proxy", value_name = "NET")]
    pub(crate) proxies: Vec<inkan_server::ledger_node::Network>,
    /// Log requests into this folder (- for standard error): no bodies, no whole addresses, nothing older than a day
    #[arg(long, value_name = "DIR|-")]
    pub(crate) log: Option<String>,
}

/// What to do for others.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum ServeRole {
    /// Sign credentials and presentations
    Issuer,
    /// Judge them
    Verifier,
    /// Keep offers for those who have to countersign them
    Exchange,
    /// Say what authorities say of parties: the profile's own DIDs, its trust list, and who is an authority on it
    Registry,
}

/// What a status entry is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum ServeStatus {
    /// Cancelled for good
    Revocation,
    /// Not to be relied on for now
    Suspension,
}

/// How strictly to judge.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum ServeProfile {
    /// The issuer controls the key, contexts are built in or pinned
    Strict,
    /// For test suites; to issue under it needs --throwaway
    Conformance,
}

/// `inkan conformance …`
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum ConformanceCommand {
    /// Secure what a file holds, as the VC-JOSE-COSE test suite asks for it
    Issue(JoseArgs),
    /// Check what secures a file, as the VC-JOSE-COSE test suite asks for it
    Verify(JoseArgs),
}

/// Arguments of `conformance issue` and `conformance verify`.
#[derive(Args, Clone, Debug)]
pub(crate) struct JoseArgs {
    /// Credential or presentation: JSON to secure, or compact text (COSE: base64) to check
    #[arg(long, value_name = "FILE")]
    pub(crate) input: String,
    /// Verification method with publicKeyJwk and, to sign, secretKeyJwk
    #[arg(long, value_name = "FILE")]
    pub(crate) key: String,
    /// credential_ or presentation_ with jose, sdjwt or cose (also with - and sd-jwt)
    #[arg(long, value_name = "NAME")]
    pub(crate) feature: String,
    /// JSON list of the claims that the holder may keep back, such as ["credentialSubject.address.street"]
    #[arg(long, value_name = "JSON")]
    pub(crate) sd: Option<String>,
    /// Where the result goes: {"result": "success" | "failure" | "indeterminate", "data": …}
    #[arg(long, value_name = "FILE")]
    pub(crate) output: String,
}
