//! The web location inside a did:web or did:webvh identifier
//! ([did:webvh 1.0, DID-to-HTTPS transformation](https://identity.foundation/didwebvh/v1.0/#the-did-to-https-transformation)).
//!
//! In scope: which hosts, ports and paths are accepted, and the URL they make.
//! Out of scope: international names: they are written as A-labels (`xn--…`), since a DID is ASCII.

/// Host, port and path of a DID, checked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Location {
    host: String,
    port: Option<u16>,
    path: Vec<String>,
}

/// Why a DID names no valid web location. None is worth a retry.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum LocationError {
    /// Not a fully qualified domain name: two or more labels of letters, digits and inner hyphens.
    #[error("the host is not a fully qualified domain name")]
    Host,
    /// The host is an IP address, or a URL parser would take it for one.
    #[error("the host is an IP address")]
    IpAddress,
    /// The port is not 10 to 65535 without leading zeroes, after `%3A`.
    #[error("the port is not a number from 10 to 65535")]
    Port,
    /// A path segment is empty, `.` or `..`, or hides a character that would change the URL.
    #[error("a path segment is empty, or not what it seems")]
    Path,
}

impl Location {
    /// Reads `host[%3Aport][:segment…]`, whose characters and percent signs are already known to be legal in a DID.
    pub(crate) fn parse(text: &str) -> Result<Self, LocationError> {
        let mut segments = text.split(':');
        let authority = segments.next().unwrap_or_default();
        let colon = authority.find("%3A").or_else(|| authority.find("%3a"));
        let (host, port) = match colon.and_then(|at| authority.split_at_checked(at)) {
            Some((host, rest)) => (host, Some(parse_port(rest.get(3..).unwrap_or_default())?)),
            None => (authority, None),
        };
        check_host(host)?;
        let path = segments.map(check_segment).collect::<Result<_, _>>()?;
        Ok(Self { host: host.to_owned(), port, path })
    }

    pub(crate) fn host(&self) -> String {
        self.host.to_ascii_lowercase()
    }

    /// `host[:port][/segment…]`.
    pub(crate) fn without_scheme(&self) -> String {
        let mut out = self.host();
        if let Some(port) = self.port {
            out.push_str(&format!(":{port}"));
        }
        for segment in &self.path {
            out.push('/');
            out.push_str(segment);
        }
        out
    }

    /// The HTTPS URL of `file` at this location.
    pub(crate) fn url(&self, file: &str) -> String {
        let well_known = if self.path.is_empty() { "/.well-known" } else { "" };
        format!("https://{}{well_known}/{file}", self.without_scheme())
    }
}

/// `percent-encoded-port` of did:webvh 1.0: two to five digits, the first not zero.
fn parse_port(text: &str) -> Result<u16, LocationError> {
    let digits = (2..=5).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_digit());
    if !digits || text.starts_with('0') {
        return Err(LocationError::Port);
    }
    text.parse().map_err(|_| LocationError::Port)
}

fn check_host(host: &str) -> Result<(), LocationError> {
    let label_fits = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if host.len() > 253 || !host.split('.').all(label_fits) {
        return Err(LocationError::Host);
    }
    // A URL parser reads any host whose last label is a number as an IPv4 address.
    let last = host.rsplit('.').next().unwrap_or_default();
    let hexadecimal = last.strip_prefix("0x").or_else(|| last.strip_prefix("0X"));
    if last.bytes().all(|c| c.is_ascii_digit())
        || hexadecimal.is_some_and(|rest| rest.bytes().all(|c| c.is_ascii_hexdigit()))
    {
        return Err(LocationError::IpAddress);
    }
    if host.contains('.') { Ok(()) } else { Err(LocationError::Host) }
}

fn check_segment(segment: &str) -> Result<String, LocationError> {
    let decoded = percent_decode(segment).ok_or(LocationError::Path)?;
    let hidden = |c: char| c.is_control() || matches!(c, '/' | '\\' | '%' | '?' | '#' | ':');
    if decoded.is_empty() || decoded == "." || decoded == ".." || decoded.chars().any(hidden) {
        return Err(LocationError::Path);
    }
    Ok(segment.to_owned())
}

/// Undoes percent-encoding (RFC 3986 §2.1); `None` if it is cut off or does not hide UTF-8. `+` stays as it is: that is a
/// space in forms only.
#[must_use]
pub fn percent_decode(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let high = char::from(bytes.next()?).to_digit(16)?;
            let low = char::from(bytes.next()?).to_digit(16)?;
            out.push(u8::try_from(high.checked_mul(16)?.checked_add(low)?).ok()?);
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).ok()
}
