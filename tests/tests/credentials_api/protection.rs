//! Who may have something signed, what must not be started, TLS.

use std::sync::Arc;

use inkan_io::clock::OsClock;
use inkan_server::credentials::{self, ApiOptions, Protection, Role, Suite, Transport};
use inkan_server::ledger_node::Rate;
use serde_json::{Value, json};

use super::api::{Api, credential, options, strict};

const TOKEN: &str = "a-token-of-enough-characters";

fn tokens(mode: u32) -> (tempfile::TempDir, std::path::PathBuf) {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tokens");
    std::fs::write(&path, format!("# who\n{TOKEN}\n")).expect("written");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("set");
    (folder, path)
}

fn body() -> Value {
    json!({ "credential": credential(json!({})) })
}

#[test]
fn issuing_needs_a_token() {
    let (_folder, path) = tokens(0o600);
    let api = Api::with(|options| options.protection = Protection::Tokens(path));
    for path in
        ["/credentials/issue", "/vc-jwt/credentials/issue", "/presentations", "/credentials/status"]
    {
        let answer = api.post(path, &body());
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (401, "issuing-not-authorised"),
            "{path}"
        );
    }
    for value in ["Bearer another-token-of-enough-characters", TOKEN, "Basic YTpi", "Bearer "] {
        let client = api.client.with("authorization", value);
        let body = body().to_string();
        let answer = client.post("/credentials/issue", "application/json", body.as_bytes());
        assert_eq!(answer.status, 401, "{value}");
    }
    let client = api.client.with("authorization", &format!("Bearer {TOKEN}"));
    let answer =
        client.post("/credentials/issue", "application/json", body().to_string().as_bytes());
    assert_eq!(answer.status, 201, "{}", answer.text());
    // Judging needs none.
    api.verify(&answer.json()["verifiableCredential"]);
}

#[test]
fn what_a_page_of_another_site_could_send_signs_nothing() {
    for kind in ["text/plain", "application/x-www-form-urlencoded", ""] {
        let body = body().to_string();
        let answer = strict().client.post("/credentials/issue", kind, body.as_bytes());
        assert_eq!(answer.status, 415, "{kind}");
    }
}

fn refusal(change: impl FnOnce(&mut ApiOptions)) -> &'static str {
    let mut options = options();
    change(&mut options);
    credentials::spawn(options, Arc::new(OsClock)).expect_err("refused").code()
}

#[test]
fn tokens_that_others_may_read_are_refused() {
    let (_folder, path) = tokens(0o644);
    let code = refusal(|options| options.protection = Protection::Tokens(path));
    assert_eq!(code, "operator-tokens-exposed");
}

#[test]
fn what_would_be_open_to_all_is_not_started() {
    let everywhere = "0.0.0.0:0".parse().expect("an address");
    let code = refusal(|options| options.listen = everywhere);
    assert_eq!(code, "api-exposed");
    let code = refusal(|options| {
        options.listen = everywhere;
        options.transport = Transport::SelfMade;
    });
    assert_eq!(code, "api-exposed");
    assert_eq!(refusal(|options| options.protection = Protection::Certificates), "api-exposed");
    assert_eq!(refusal(|options| options.issuers.clear()), "api-without-key");
    assert_eq!(refusal(|options| options.roles.clear()), "api-without-role");
}

#[test]
fn a_verifier_needs_no_key_and_issues_nothing() {
    let api = Api::with(|options| {
        options.roles = vec![Role::Verifier];
        options.issuers.clear();
        options.protection = Protection::Certificates;
    });
    api.verify(&strict().issue(Suite::EddsaRdfc, &credential(json!({})), json!({})));
    assert_eq!(api.post("/credentials/issue", &body()).status, 404);
    assert_eq!(api.get("/about").json()["roles"], json!(["verifier"]));
}

#[test]
fn an_issuer_verifies_nothing() {
    let api = Api::with(|options| options.roles = vec![Role::Issuer]);
    let issued = api.issue(Suite::EddsaRdfc, &credential(json!({})), json!({}));
    let body = json!({ "verifiableCredential": issued });
    let answer =
        api.client.post("/credentials/verify", "application/json", body.to_string().as_bytes());
    assert_eq!(answer.status, 404);
}

#[test]
fn one_client_may_ask_so_much() {
    let api = Api::with(|options| options.limits.client = Some(Rate::per_hour(2)));
    assert_eq!(api.get("/ids").status, 200);
    assert_eq!(api.get("/ids").status, 200);
    let answer = api.get("/ids");
    assert_eq!((answer.status, answer.code().as_str()), (429, "rate-limited"));
    assert_ne!(answer.header("retry-after"), "");
    assert_eq!(api.get("/healthz").status, 200);
}

#[test]
fn a_body_that_is_too_large_is_refused() {
    let api = Api::with(|options| options.limits.body = 2_000);
    let large = json!({ "credential": credential(json!({ "name": "x".repeat(3_000) })) });
    assert_eq!(api.post("/credentials/issue", &large).status, 413);
}

#[test]
fn a_certificate_that_others_may_read_is_refused() {
    let (_folder, path) = tokens(0o644);
    let transport = Transport::Files { certificate: path.clone(), key: path };
    assert_eq!(refusal(|options| options.transport = transport), "tls-unusable");
}

#[test]
fn https_is_spoken_with_a_certificate_of_its_own() {
    let api = Api::with(|options| options.transport = Transport::SelfMade);
    assert!(api.running.url().starts_with("https://"));
    // The client here trusts no such certificate, and http is not answered.
    let limits = inkan_io::http::HttpLimits::of_size(1_000);
    let url = format!("{}/healthz", api.running.url());
    let error = inkan_io::http::get(&url, &limits).expect_err("not trusted");
    assert_eq!(error.code(), "peer-unreachable");
}

#[test]
fn a_page_that_names_this_machine_its_own_way_has_nothing_signed() {
    let address = strict().running.address();
    let asked = |host: &str| {
        let client = inkan_tests::made_node::HttpClient::new(address).with("host", host);
        client.post("/credentials/issue", "application/json", body().to_string().as_bytes())
    };
    let port = address.port();
    for host in ["localhost".to_owned(), format!("127.0.0.1:{port}"), format!("[::1]:{port}")] {
        assert_eq!(asked(&host).status, 201, "{host}");
    }
    for host in
        ["evil.example", "127.0.0.1.evil.example:80", "localhost.evil.example", "10.0.0.1", ""]
    {
        let answer = asked(host);
        assert_eq!(answer.status, 401, "{host}");
        assert_eq!(answer.code(), "issuing-not-authorised", "{host}");
    }
}

#[test]
fn a_file_without_tokens_is_refused() {
    let (folder, path) = tokens(0o600);
    std::fs::write(&path, "# nobody yet\n\n").expect("written");
    let code = refusal(|options| options.protection = Protection::Tokens(path));
    assert_eq!(code, "api-without-token");
    drop(folder);
}

#[test]
fn a_public_url_names_a_place_on_the_web() {
    for url in ["notaurl", "", "https://", "ftp://issuer.example", "https://issuer.example?a=b"] {
        let code = refusal(|options| options.public_url = Some(url.to_owned()));
        assert_eq!(code, "public-url-malformed", "{url}");
    }
    for url in ["https://issuer.example", "https://issuer.example/api/", "http://127.0.0.1:7080"] {
        let api = Api::with(|options| options.public_url = Some(url.to_owned()));
        assert_eq!(api.running.url(), url.trim_end_matches('/'));
    }
}

#[test]
fn what_is_judged_is_sent_as_json_too() {
    let issued = strict().issue(Suite::EddsaRdfc, &credential(json!({})), json!({}));
    let body = json!({ "verifiableCredential": issued }).to_string();
    for kind in ["text/plain", "application/json; charset=utf-16", ""] {
        let answer = strict().client.post("/credentials/verify", kind, body.as_bytes());
        assert_eq!(answer.status, 415, "{kind}");
    }
    let client = strict().client.with("content-encoding", "gzip");
    let answer = client.post("/credentials/verify", "application/json", body.as_bytes());
    assert_eq!(answer.status, 415);
    for kind in ["application/json; charset=UTF-8", "application/ld+json"] {
        let answer = strict().client.post("/credentials/verify", kind, body.as_bytes());
        assert_eq!(answer.status, 200, "{kind}");
    }
}

#[test]
fn nothing_is_at_other_paths_and_is_called_that() {
    let answer = strict().client.get("/nowhere/at/all");
    assert_eq!((answer.status, answer.code().as_str()), (404, "path-unknown"));
    assert_eq!(answer.json()["title"], "There is nothing at this path of the server.");
}

/// Whether judging a credential with a status list on this machine makes the server ask for it.
fn asks_for_a_list(network: inkan_io::gather::Network) -> bool {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("set");
    let port = listener.local_addr().expect("an address").port();
    let list = format!("https://127.0.0.1:{port}/list");
    let status = json!({
        "type": "BitstringStatusListEntry", "statusPurpose": "revocation",
        "statusListIndex": "7", "statusListCredential": list,
    });
    let body = credential(json!({ "credentialStatus": status }));
    let issued = strict().issue(Suite::EddsaRdfc, &body, json!({}));
    let api = Api::with(|options| options.network = network);
    let asking = std::thread::spawn(move || {
        // Whoever comes is turned away.
        for _ in 0..200 {
            if listener.accept().is_ok() {
                return true;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        false
    });
    api.refuses_as(&issued, "status-list-missing");
    asking.join().expect("it ends")
}

#[test]
fn whoever_asks_for_a_verdict_does_not_choose_where_requests_go() {
    use inkan_io::gather::Network;
    assert!(!asks_for_a_list(Network::Offline), "nothing is fetched unless it was told to");
    assert!(
        !asks_for_a_list(Network::AskPublic),
        "nor at addresses that only this machine reaches"
    );
    assert!(asks_for_a_list(Network::Ask));
}
