//! A web server that knows nothing of ledgers: it serves the public files of a folder, and 404 in words of its own.
//!
//! In scope: what stands before a ledger whose node is idle or gone. Out of scope: speed (`static-reads/run` has nginx).

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// A server in a thread, as long as the test runs.
#[derive(Debug)]
pub struct FileServer {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl FileServer {
    /// Serves `checkpoint`, `tile/…` and `public/…` of a folder, and nothing else.
    ///
    /// # Panics
    ///
    /// If there is no port.
    #[must_use]
    pub fn start(folder: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (folder, noted) = (folder.to_path_buf(), Arc::clone(&asked));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (folder, noted) = (folder.clone(), Arc::clone(&noted));
                std::thread::spawn(move || answer(stream, &folder, &noted));
            }
        });
        Self { url, asked }
    }

    /// Where it answers.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Paths that were asked for since the last call, as they came.
    ///
    /// # Panics
    ///
    /// If a thread of the server panicked.
    #[must_use]
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().expect("no panic"))
    }
}

/// One request; then the connection is closed.
fn answer(mut stream: TcpStream, folder: &Path, noted: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream.try_clone().expect("a stream"));
    let mut first = String::new();
    let _ = reader.read_line(&mut first);
    for line in reader.lines() {
        if line.is_ok_and(|line| !line.is_empty()) {
            continue;
        }
        break;
    }
    let path = first.split(' ').nth(1).unwrap_or("/").trim_start_matches('/').to_owned();
    let folders = ["tile/", "public/"];
    let public = path == "checkpoint" || folders.iter().any(|one| path.starts_with(one));
    let file: Option<PathBuf> = (public && !path.contains("..")).then(|| folder.join(&path));
    noted.lock().expect("no panic").push(path);
    let found = file.and_then(|file| std::fs::read(file).ok());
    let (status, body) = match found {
        Some(body) => ("200 OK", body),
        None => ("404 Not Found", b"<html>nothing here</html>".to_vec()),
    };
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
}
