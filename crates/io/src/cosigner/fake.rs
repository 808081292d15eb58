//! A server on loopback that answers as a test tells it to, one connection after another.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

/// What a fake answers.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) media_type: &'static str,
    pub(crate) body: Vec<u8>,
    pub(crate) delay: Duration,
}

impl Reply {
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, media_type: "text/plain", body: body.into(), delay: Duration::ZERO }
    }
}

/// Serves until the test process ends; gives the URL. The handler gets the first line of a request, and its body.
pub(crate) fn serve(mut handler: impl FnMut(&str, &[u8]) -> Reply + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let _ = answer(stream, &mut handler);
        }
    });
    url
}

/// A URL at which nobody listens, as long as the streams are kept: a port that a client has taken is given to nobody else.
pub(crate) fn nobody_listens() -> ([TcpStream; 2], String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let url = format!("http://{}", client.local_addr().unwrap());
    let (server, _) = listener.accept().unwrap();
    ([client, server], url)
}

fn answer(
    mut stream: TcpStream,
    handler: &mut impl FnMut(&str, &[u8]) -> Reply,
) -> std::io::Result<()> {
    let mut request = Vec::new();
    let body = loop {
        let mut piece = [0; 4_096];
        let length = stream.read(&mut piece)?;
        request.extend_from_slice(&piece[..length]);
        let Some(end) = request.windows(4).position(|window| window == b"\r\n\r\n") else {
            if length == 0 {
                return Ok(());
            }
            continue;
        };
        let head = String::from_utf8_lossy(&request[..end]).to_ascii_lowercase();
        let expected = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |length| length.parse::<usize>().unwrap());
        if request.len() >= end + 4 + expected {
            break request.split_off(end + 4);
        }
    };
    let request = String::from_utf8_lossy(&request).into_owned();
    let reply = handler(request.lines().next().unwrap_or_default(), &body);
    std::thread::sleep(reply.delay);
    let head = format!(
        "HTTP/1.1 {} Status\r\ncontent-type: {}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        reply.status,
        reply.media_type,
        reply.body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(&reply.body)
}
