//! TLS of the API of issuers and verifiers: certificates that are given, those of clients, and that callers are told apart.

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::{SocketAddr, TcpStream};
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::PathBuf;
    use std::sync::{Arc, Mutex};

    use inkan_assurance::Policy;
    use inkan_core::{Digest, Timestamp};
    use inkan_credential::model::{StatusEntry, StatusPurpose};
    use inkan_credential::{Bundle, Contexts, SecuredCredential};
    use inkan_crypto::{KeyType, SecretKey};
    use inkan_did::self_contained::{did_key, did_key_url};
    use inkan_evidence::Registry;
    use inkan_io::clock::OsClock;
    use inkan_io::gather::Network;
    use inkan_io::os_rng::OsRng;
    use inkan_issuer::AtHand;
    use inkan_server::credentials::{
        self, Allotment, ApiOptions, Backing, BackingError, Grounds, Issuer, Protection, Recording,
        RunningApi, StatusChange, Transport,
    };
    use inkan_verifier::{KnownState, Want};
    use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
    use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, crypto};
    use tempfile::TempDir;

    /// Who certifies others.
    struct Authority {
        issuer: rcgen::Issuer<'static, KeyPair>,
        certificate: rcgen::Certificate,
    }

    /// A certificate and its key.
    struct Identity {
        certificate: rcgen::Certificate,
        key: KeyPair,
    }

    impl Authority {
        fn new() -> Self {
            let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            let key = KeyPair::generate().unwrap();
            let certificate = params.self_signed(&key).unwrap();
            Self { issuer: rcgen::Issuer::new(params, key), certificate }
        }

        fn certify(&self, name: &str) -> Identity {
            let key = KeyPair::generate().unwrap();
            let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
            let certificate = params.signed_by(&key, &self.issuer).unwrap();
            Identity { certificate, key }
        }
    }

    /// Files of one test.
    struct Files(TempDir);

    impl Files {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn write(&self, name: &str, text: &str, mode: u32) -> PathBuf {
            let path = self.0.path().join(name);
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            path
        }

        fn transport(&self, certificate: &Identity, key: &Identity) -> Transport {
            let pem = certificate.certificate.pem();
            Transport::Files {
                certificate: self.write("chain.pem", &pem, 0o644),
                key: self.write("key.pem", &key.key.serialize_pem(), 0o600),
            }
        }
    }

    fn options(protection: Protection, transport: Transport) -> ApiOptions {
        let key = SecretKey::generate(KeyType::Ed25519, &mut OsRng);
        let public = key.public_key();
        let issuer =
            Issuer { did: did_key(&public), method: did_key_url(&public), key: Arc::new(key) };
        let listen: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let mut options = ApiOptions::new(listen, protection, vec![issuer]);
        options.transport = transport;
        options
    }

    fn start(options: ApiOptions) -> Result<RunningApi, &'static str> {
        credentials::spawn(options, Arc::new(OsClock)).map_err(|error| error.code())
    }

    /// Sends a request as somebody who trusts an authority, and perhaps shows a certificate. No status: no answer.
    fn ask(
        api: &RunningApi,
        trusted: &Authority,
        shown: Option<&Identity>,
        body: &str,
    ) -> Option<u16> {
        ask_with(api, trusted, shown, ("", body))
    }

    /// The same with headers.
    fn ask_with(
        api: &RunningApi,
        trusted: &Authority,
        shown: Option<&Identity>,
        (headers, body): (&str, &str),
    ) -> Option<u16> {
        let mut roots = RootCertStore::empty();
        roots.add(trusted.certificate.der().clone()).unwrap();
        let provider = Arc::new(crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let config = match shown {
            None => builder.with_no_client_auth(),
            Some(identity) => {
                let chain: Vec<CertificateDer<'static>> = vec![identity.certificate.der().clone()];
                let key = PrivatePkcs8KeyDer::from(identity.key.serialize_der());
                builder.with_client_auth_cert(chain, PrivateKeyDer::from(key)).unwrap()
            }
        };
        let name = ServerName::try_from("localhost").unwrap();
        let client = ClientConnection::new(Arc::new(config), name).unwrap();
        let socket = TcpStream::connect(api.address()).unwrap();
        let mut stream = StreamOwned::new(client, socket);
        let verb = if body.is_empty() { "GET /ids" } else { "POST /credentials/issue" };
        let length = body.len();
        let request = format!(
            "{verb} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n{headers}Connection: close\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = Vec::new();
        // A server may end without saying so: what came is what counts.
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).split(' ').nth(1)?.parse().ok()
    }

    const CREDENTIAL: &str = r#"{"credential": {"@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiableCredential"], "credentialSubject": {"id": "urn:example:ada"}}}"#;

    #[test]
    fn clients_are_admitted_by_their_certificates() {
        let (files, servers, clients) = (Files::new(), Authority::new(), Authority::new());
        let server = servers.certify("localhost");
        let transport = files.transport(&server, &server);
        let mut options = options(Protection::Certificates, transport);
        options.client_authorities =
            Some(files.write("clients.pem", &clients.certificate.pem(), 0o644));
        let api = start(options).unwrap();
        let known = clients.certify("client.example");
        assert_eq!(ask(&api, &servers, Some(&known), CREDENTIAL), Some(201));
        // Without one nothing is signed; what signs nothing is open.
        assert_eq!(ask(&api, &servers, None, CREDENTIAL), Some(401));
        assert_eq!(ask(&api, &servers, None, ""), Some(200));
        // Of another authority, and of none: no connection comes about.
        let stranger = Authority::new().certify("client.example");
        assert_eq!(ask(&api, &servers, Some(&stranger), CREDENTIAL), None);
        let own = servers.certify("client.example");
        assert_eq!(ask(&api, &servers, Some(&own), CREDENTIAL), None);
    }

    #[test]
    fn a_certificate_that_was_given_is_shown() {
        let (files, servers) = (Files::new(), Authority::new());
        let server = servers.certify("localhost");
        let api = start(options(Protection::Open, files.transport(&server, &server))).unwrap();
        assert!(api.url().starts_with("https://"), "{}", api.url());
        assert_eq!(ask(&api, &servers, None, ""), Some(200));
        assert_eq!(ask(&api, &servers, None, CREDENTIAL), Some(201));
        // Who trusts somebody else does not talk to it.
        assert_eq!(ask(&api, &Authority::new(), None, ""), None);
    }

    #[test]
    fn a_key_of_another_certificate_or_that_others_may_read_is_refused() {
        let (files, servers) = (Files::new(), Authority::new());
        let (one, other) = (servers.certify("localhost"), servers.certify("localhost"));
        let transport = files.transport(&one, &other);
        assert_eq!(start(options(Protection::Open, transport)).unwrap_err(), "tls-unusable");
        let transport = files.transport(&one, &one);
        files.write("key.pem", &one.key.serialize_pem(), 0o644);
        assert_eq!(start(options(Protection::Open, transport)).unwrap_err(), "tls-unusable");
        let transport = files.transport(&one, &one);
        files.write("key.pem", "no key", 0o600);
        assert_eq!(start(options(Protection::Open, transport)).unwrap_err(), "tls-unusable");
    }

    /// A ledger that takes nothing, and keeps what made each request the one it is.
    #[derive(Debug)]
    struct Unanswered {
        issuers: Vec<Issuer>,
        asked: Mutex<Vec<Digest>>,
    }

    const AWAY: BackingError = BackingError { code: "ledger-unreachable", is_callers: false };

    impl Backing for Unanswered {
        fn issuers(&self) -> Result<Vec<Issuer>, BackingError> {
            Ok(self.issuers.clone())
        }
        fn log_of(&self, _: &Issuer) -> Option<&str> {
            Some("ledger.example")
        }
        fn is_ours(&self, _: &str) -> Result<bool, BackingError> {
            Ok(false)
        }
        fn begin(&self, _: Timestamp) -> Result<Box<dyn Recording + '_>, BackingError> {
            Ok(Box::new(Asked(self)))
        }
        fn ready(&self, _: Timestamp) -> Result<(), BackingError> {
            Err(AWAY)
        }
        fn grounds(
            &self,
            _: &Bundle,
            _: &[Want],
            _: Network,
            _: Timestamp,
        ) -> Result<Grounds, BackingError> {
            Err(AWAY)
        }
        fn policy(&self, _: &str) -> Result<Policy, BackingError> {
            Err(AWAY)
        }
        fn registries(&self, _: Timestamp) -> Result<Vec<Registry>, BackingError> {
            Err(AWAY)
        }
        fn remember(&self, _: &[KnownState]) -> Result<(), BackingError> {
            Err(AWAY)
        }
        fn bundle(
            &self,
            _: &SecuredCredential,
            _: Timestamp,
        ) -> Result<Option<Bundle>, BackingError> {
            Err(AWAY)
        }
        fn registry(
            &self,
            _: &str,
            _: Timestamp,
            _: Timestamp,
        ) -> Result<Option<Registry>, BackingError> {
            Err(AWAY)
        }
        fn at_hand(&self, _: &std::collections::BTreeSet<String>) -> Result<AtHand, BackingError> {
            Err(AWAY)
        }
        fn contexts(&self) -> Option<Arc<Contexts>> {
            None
        }
    }

    struct Asked<'a>(&'a Unanswered);

    impl Recording for Asked<'_> {
        fn issuers(&self) -> &[Issuer] {
            &self.0.issuers
        }
        fn again(&self, request: &Digest) -> Result<Option<SecuredCredential>, BackingError> {
            self.0.asked.lock().unwrap().push(*request);
            Ok(None)
        }
        fn allot(&mut self, _: &Issuer, _: &Allotment) -> Result<Vec<StatusEntry>, BackingError> {
            Err(AWAY)
        }
        fn record(
            &mut self,
            _: &Issuer,
            _: &SecuredCredential,
            _: Option<&str>,
            _: &Digest,
        ) -> Result<(), BackingError> {
            Err(AWAY)
        }
        fn places(&self, _: &str, _: StatusPurpose) -> Result<Vec<StatusEntry>, BackingError> {
            Err(AWAY)
        }
        fn may_change(&self, _: &StatusEntry, _: &StatusChange) -> Result<bool, BackingError> {
            Err(AWAY)
        }
        fn change(&mut self, _: &StatusEntry, _: &StatusChange) -> Result<bool, BackingError> {
            Err(AWAY)
        }
    }

    /// What was recorded for one caller and not answered is handed to that caller alone, whoever else asks for the same.
    #[test]
    fn a_request_made_again_is_the_same_for_the_same_caller_alone() {
        let (files, servers, clients) = (Files::new(), Authority::new(), Authority::new());
        let server = servers.certify("localhost");
        let transport = files.transport(&server, &server);
        let (one, other) = ("a-token-of-enough-characters", "another-token-of-enough-characters");
        let tokens = files.write("tokens", &format!("{one}\n{other}\n"), 0o600);
        let mut options = options(Protection::Tokens(tokens), transport);
        options.client_authorities =
            Some(files.write("clients.pem", &clients.certificate.pem(), 0o644));
        let asked = Mutex::new(Vec::new());
        let backing = Arc::new(Unanswered { issuers: std::mem::take(&mut options.issuers), asked });
        let resting: Arc<dyn Backing> = Arc::<Unanswered>::clone(&backing);
        options.backing = Some(resting);
        let api = start(options).unwrap();
        let (known, stranger) = (clients.certify("one.example"), clients.certify("two.example"));
        let by = |token: &str| format!("Authorization: Bearer {token}\r\n");
        for (shown, headers) in [
            (None, by(one)),
            (None, by(other)),
            (Some(&known), String::new()),
            (Some(&stranger), String::new()),
            // The certificate says who it is, whatever else is sent.
            (Some(&known), by(one)),
            (None, by(one)),
        ] {
            let status = ask_with(&api, &servers, shown, (&headers, CREDENTIAL));
            assert_eq!(status, Some(503));
        }
        let asked = backing.asked.lock().unwrap();
        let [first, second, third, fourth, fifth, sixth] = asked.as_slice() else {
            panic!("{asked:?}")
        };
        assert_eq!((first, third), (sixth, fifth));
        let different: std::collections::BTreeSet<_> = [first, second, third, fourth].into();
        assert_eq!(different.len(), 4);
    }
}
