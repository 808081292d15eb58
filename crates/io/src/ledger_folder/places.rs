//! Places on the web: which file a URL means, and whose it is.
//!
//! Anybody may name any host and path in an entry. So the first SCID that names a place has it for ever, in the order of the
//! log, whatever entries others write; a status list has a place only below one of its signer's DIDs. Out of scope: where
//! this is kept (`state_db`), who writes the files (`public`).

use std::path::{Path, PathBuf};

use inkan_did::{Did, percent_decode};
use inkan_ledger::state::Named;

/// File names have at most so many bytes, on every system that is in use.
const NAME_LIMIT: usize = 255;
/// Segments of a path: a file is written under a longer name first.
const SEGMENT_LIMIT: usize = 200;
const WELL_KNOWN: &str = ".well-known";
/// Files of a DID, which stand for it alone.
const DID_FILES: [&str; 2] = ["did.jsonl", "did-witness.json"];
/// Names that resolvers read as a DID's.
const DID_NAMES: [&str; 3] = ["did.jsonl", "did-witness.json", "did.json"];

/// Where the file lies that gateways serve under an `https` URL; `None` for a URL that is no plain file of a host.
///
/// Hosts are lower-case names, with a port perhaps. No segment is empty, begins with a dot, or has more than 200 bytes; files
/// of DIDs are no folders. Of `.well-known` only these files are served.
#[must_use]
pub fn public_path(public: &Path, url: &str) -> Option<PathBuf> {
    let (host, path) = url.strip_prefix("https://")?.split_once('/')?;
    let mut out = public.join(host_folder(host)?);
    let mut segments = path.split('/').peekable();
    if segments.peek() == Some(&WELL_KNOWN) {
        let file = path.strip_prefix(WELL_KNOWN)?.strip_prefix('/')?;
        return DID_FILES.contains(&file).then(|| out.join(WELL_KNOWN).join(file));
    }
    while let Some(segment) = segments.next() {
        let plain =
            |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~' | b'%');
        let sound = !segment.is_empty()
            && segment.len() <= SEGMENT_LIMIT
            && !segment.starts_with('.')
            && segment.bytes().all(plain);
        let is_folder = segments.peek().is_some();
        if !sound || (is_folder && is_any(segment, &DID_FILES)) {
            return None;
        }
        out.push(segment);
    }
    Some(out)
}

/// The folder of a host: its name, with `%3A` before a port.
fn host_folder(host: &str) -> Option<String> {
    let (name, port) = host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port)));
    let host_byte =
        |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.');
    let sound = !name.is_empty() && name.bytes().all(host_byte) && !name.starts_with('.');
    let port_sound =
        port.is_none_or(|port| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()));
    let folder = host.replace(':', "%3A");
    (sound && !name.contains("..") && port_sound && folder.len() <= NAME_LIMIT).then_some(folder)
}

/// Whether a name is one of these on any file system.
fn is_any(name: &str, names: &[&str]) -> bool {
    names.iter().any(|one| one.eq_ignore_ascii_case(name))
}

/// The place that a DID or a status list has by its name: `host/`, `host/path/` for a DID, `host/path/file` for a list.
///
/// Names that a system may take for the same are one place: upper and lower case, and what percent-encoding hides.
pub(crate) fn place_of(named: &Named) -> Option<String> {
    match named {
        Named::Did(did) => place_of_did(did),
        Named::List(uri) => place_of_list(uri),
    }
}

/// The place of a DID; `None` for one that has no file on any gateway.
pub(crate) fn place_of_did(did: &str) -> Option<String> {
    let url = inkan_did::webvh::document_url(&Did::parse(did).ok()?)?;
    public_path(Path::new(""), &url)?;
    let folder = url.strip_prefix("https://")?.strip_suffix("did.jsonl")?;
    let (host, path) = folder.split_once('/')?;
    // A host's own DID. The path `.well-known` in a DID would mean the same file, and does not count.
    if path == ".well-known/" {
        let is_own = did.splitn(4, ':').nth(3).is_some_and(|location| !location.contains(':'));
        return is_own.then(|| format!("{host}/"));
    }
    let decoded: Option<Vec<String>> = path.split('/').map(percent_decode).collect();
    Some(format!("{host}/{}", decoded?.join("/").to_lowercase()))
}

/// The place of a status list; `None` for one that is not served under its URI.
pub(crate) fn place_of_list(uri: &str) -> Option<String> {
    public_path(Path::new(""), uri)?;
    let place = uri.strip_prefix("https://")?;
    let (_, path) = place.split_once('/')?;
    let is_did_name = path.split('/').any(|segment| is_any(segment, &DID_NAMES));
    // What percent-encoding hides need not be looked for: nobody needs it in the name of a list.
    let sound = !path.starts_with(WELL_KNOWN) && !is_did_name && !path.contains('%');
    sound.then(|| place.to_lowercase())
}

/// The places of DIDs that a place lies below, the nearest first; its own, if it is one of a DID.
pub(crate) fn folders(place: &str) -> impl Iterator<Item = &str> {
    let ends = place.rmatch_indices('/').map(|(at, _)| at);
    ends.filter_map(|at| place.get(..=at))
}

#[cfg(test)]
mod tests;
