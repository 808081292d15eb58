use std::io::Read as _;
use std::net::TcpStream as Client;

use tokio::runtime::{Builder, Runtime};

use super::*;

const PATIENCE: Duration = Duration::from_secs(120);

fn terms() -> Terms {
    Terms {
        connections: 5,
        per_client: Some(2),
        proxies: vec!["192.0.2.0/24".parse().unwrap()],
        loopback_is_free: false,
        head_timeout: PATIENCE,
        write_timeout: PATIENCE,
        longest: None,
        grace: PATIENCE,
    }
}

fn door(terms: Terms) -> Arc<Door> {
    Arc::new(Door::new(terms))
}

fn is_crowd(refused: &Result<Place, &[u8]>) -> bool {
    refused.as_ref().is_err_and(|answer| answer.starts_with(b"HTTP/1.1 429 Too Many Requests\r\n"))
}

#[test]
fn a_client_has_so_many_connections_and_others_have_theirs() {
    let door = door(terms());
    let admit = |address: &str| Door::admit(&door, address.parse().unwrap());
    let first = admit("198.51.100.1").unwrap();
    let _second = admit("::ffff:198.51.100.1").unwrap();
    assert!(is_crowd(&admit("198.51.100.1")));
    let _v6 = [admit("2001:db8:1:2::1").unwrap(), admit("2001:db8:1:2:3::").unwrap()];
    assert!(is_crowd(&admit("2001:db8:1:2:ffff::9")), "a /64 is one client");
    assert_eq!((door.open(), door.refused()), (4, 2));
    drop(first);
    let _again = admit("198.51.100.1").unwrap();
    let _other = admit("2001:db8:1:3::1").unwrap();
    let full = admit("203.0.113.1").unwrap_err();
    assert!(full.starts_with(b"HTTP/1.1 503 Service Unavailable\r\n"));
    assert_eq!((door.open(), door.refused()), (5, 3));
}

#[test]
fn proxies_are_not_counted_as_one_client_nor_is_this_machine_if_it_is_free() {
    let door = door(Terms { loopback_is_free: true, ..terms() });
    let admit = |address: &str| Door::admit(&door, address.parse().unwrap());
    let places: Vec<_> = ["192.0.2.1", "192.0.2.1", "192.0.2.1", "127.0.0.1", "127.0.0.1"]
        .map(|address| admit(address).unwrap())
        .into();
    assert!(!is_crowd(&admit("127.0.0.1")), "there are no more than these at all");
    drop(places);
    assert_eq!(
        (door.open(), door.inside().clients.len()),
        (0, 0),
        "nothing is kept of who is gone"
    );
    let strict = Arc::new(Door::new(terms()));
    let admit = || Door::admit(&strict, "127.0.0.1".parse().unwrap());
    let _places = [admit().unwrap(), admit().unwrap()];
    assert!(is_crowd(&admit()));
}

/// A service that is told which of its paths panics.
fn served(door: &Arc<Door>, runtime: &Runtime) -> (SocketAddr, watch::Sender<bool>) {
    async fn panics() -> &'static str {
        panic!("of the test: this is no fault")
    }
    let router = Router::new()
        .route("/", axum::routing::get(|| async { "fine" }))
        .route("/panics", axum::routing::get(panics));
    let (stop, stopping) = watch::channel(false);
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    runtime.spawn(serve(listener, router, Arc::clone(door), stopping));
    (address, stop)
}

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

fn opened(address: SocketAddr) -> Client {
    let client = Client::connect(address).unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    client
}

fn asked(address: SocketAddr, path: &str) -> String {
    let mut client = opened(address);
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    client.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn who_is_turned_away_hears_why_without_having_asked() {
    let (runtime, door) = (runtime(), door(terms()));
    let (address, _stop) = served(&door, &runtime);
    // Connections are accepted in order.
    let held = [opened(address), opened(address)];
    let mut third = String::new();
    opened(address).read_to_string(&mut third).unwrap();
    let (head, body) = third.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 429 ") && head.contains("\r\nretry-after: 1\r\n"), "{head}");
    assert!(head.ends_with(&format!("\r\ncontent-length: {}", body.len())), "{head}");
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!((&body["code"], &body["status"]), (&"rate-limited".into(), &429.into()));
    drop(held);
    // The node notices in its own time that they are gone.
    #[expect(clippy::disallowed_methods, reason = "a limit for a test that would never end")]
    let begun = std::time::Instant::now();
    while door.open() > 0 {
        assert!(begun.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(asked(address, "/").ends_with("fine"));
}

#[test]
fn a_handler_that_panics_is_answered_and_the_others_live_on() {
    let (runtime, door) = (runtime(), door(terms()));
    let (address, stop) = served(&door, &runtime);
    let mut client = opened(address);
    for (path, status) in [("/panics", "500"), ("/", "200"), ("/panics", "500")] {
        // One connection: it is not closed by a panic.
        client.write_all(format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes()).unwrap();
        let mut answer = [0; 2_048];
        let length = client.read(&mut answer).unwrap();
        let answer = String::from_utf8_lossy(&answer[..length]).into_owned();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        assert_eq!(answer.contains("\"code\":\"node-fault\""), status == "500", "{answer}");
        assert!(!answer.contains("of the test"), "{answer}");
    }
    stop.send(true).unwrap();
    let mut rest = String::new();
    client.read_to_string(&mut rest).unwrap();
    assert!(rest.is_empty(), "an idle connection ends with the service");
}

#[test]
fn a_connection_lives_no_longer_than_it_may() {
    let runtime = runtime();
    let door = door(Terms { longest: Some(Duration::from_millis(50)), ..terms() });
    let (address, _stop) = served(&door, &runtime);
    let mut rest = String::new();
    opened(address).read_to_string(&mut rest).unwrap();
    assert!(rest.is_empty());
}

#[test]
fn prefixes_of_paths_are_plain() {
    for good in ["", "/v0", "/a/b-c.d_e~f"] {
        assert!(is_prefix(good), "{good}");
    }
    for bad in ["/", "v0", "/a/", "/a//b", "/a b", "/{x}", "/a?b"] {
        assert!(!is_prefix(bad), "{bad}");
    }
}

/// Without it a client that takes nothing holds its answer in memory for as long as it likes.
#[test]
fn a_client_that_takes_nothing_of_its_answer_is_let_go() {
    use tokio::io::AsyncWriteExt as _;

    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = Client::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        let mut patient = Patient::new(stream, Duration::from_millis(100));
        let much = vec![0; 64 << 20];
        let written = timeout(Duration::from_secs(60), patient.write_all(&much)).await;
        let error = written.expect("it does not wait for ever").unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
        drop(client);
    });
}
