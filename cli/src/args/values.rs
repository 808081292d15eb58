//! Values of options: what is wrong with one is a usage error, said before anything is done.

use inkan_assurance::Ial;
use inkan_core::Timestamp;
use inkan_core::text::is_hidden;
use inkan_core::time::CalendarSpan;
use inkan_server::desk::Place;

/// A time in RFC 3339.
pub(super) fn time(text: &str) -> Result<String, String> {
    match Timestamp::parse(text) {
        Ok(_) => Ok(text.to_owned()),
        // A day has many times, and in which zone it begins nobody said.
        Err(_) if Timestamp::parse(&format!("{text}T00:00:00Z")).is_ok() => {
            Err(format!("a day, and not a time: {text}T00:00:00Z is its beginning (UTC)"))
        }
        Err(_) => Err("not a time such as 2026-03-02T09:00:00Z".to_owned()),
    }
}

/// A span of time that is longer than none.
pub(super) fn span(text: &str) -> Result<String, String> {
    let end = parse_span(text).and_then(|span| Timestamp::EPOCH.plus(span).ok());
    match end {
        Some(end) if end > Timestamp::EPOCH => Ok(text.to_owned()),
        Some(_) => Err("a span of nothing: nothing would ever be valid".to_owned()),
        None => Err("not a span such as 24h, 30d or PT15M".to_owned()),
    }
}

/// An end: a time in RFC 3339, or a span from now.
pub(super) fn end(text: &str) -> Result<String, String> {
    let known = time(text).is_ok() || span(text).is_ok();
    let wrong = || "neither a time such as 2027-03-02T09:00:00Z nor a span such as 90d".to_owned();
    known.then(|| text.to_owned()).ok_or_else(wrong)
}

/// A span that may be nothing, such as `0s`.
pub(super) fn span_or_nothing(text: &str) -> Result<String, String> {
    match parse_span(text).and_then(|span| Timestamp::EPOCH.plus(span).ok()) {
        Some(end) if end >= Timestamp::EPOCH => Ok(text.to_owned()),
        Some(_) | None => Err("not a span such as 24h, 30d, PT15M or 0s".to_owned()),
    }
}

/// An identity assurance level, in any of the frameworks.
pub(super) fn ial(text: &str) -> Result<String, String> {
    if Ial::parse(text).is_some() || is_word_of_level(text) {
        Ok(text.to_owned())
    } else {
        Err("not a level: 0, 1, 2, 2+, 3 or 3+".to_owned())
    }
}

/// An authenticator assurance level, in any of the frameworks.
pub(super) fn aal(text: &str) -> Result<String, String> {
    let number = text.strip_prefix("AAL-").or_else(|| text.strip_prefix("AAL")).unwrap_or(text);
    if matches!(number, "0" | "1" | "2" | "3") || is_word_of_level(text) {
        Ok(text.to_owned())
    } else {
        Err("not a level: 0, 1, 2 or 3".to_owned())
    }
}

fn is_word_of_level(text: &str) -> bool {
    let number = text.strip_prefix("IAL-").or_else(|| text.strip_prefix("IAL"));
    number.is_some_and(|number| Ial::parse(number).is_some())
        || matches!(text, "low" | "substantial" | "high")
}

/// A grade of time, as policies name it.
pub(super) fn grade(text: &str) -> Result<String, String> {
    let witnessed = |k: &str| k.parse::<u32>().is_ok_and(|k| k > 0);
    let known = matches!(text, "operator" | "witnessed" | "tsa" | "chain")
        || text.strip_prefix("witnessed:").is_some_and(witnessed);
    if known {
        Ok(text.to_owned())
    } else {
        Err("not a grade of time: operator, witnessed:K, tsa or chain".to_owned())
    }
}

/// Words that are shown later as they are given now.
pub(super) fn words(text: &str) -> Result<String, String> {
    if text.chars().any(is_hidden) {
        return Err("it has a line break, or characters that hide or move text".to_owned());
    }
    Ok(text.to_owned())
}

/// The name of a cosigner's key (C2SP signed-note): what others write into their policies.
pub(super) fn cosigner_name(text: &str) -> Result<String, String> {
    if text.contains("://") {
        return Err("a name is a URL without its scheme, such as witness.example/w1".to_owned());
    }
    if text.is_empty() || text.contains(|c: char| c.is_whitespace() || c == '+' || is_hidden(c)) {
        return Err("a name has no spaces and no +, such as witness.example/w1".to_owned());
    }
    Ok(text.to_owned())
}

/// Whom a certificate names: a host without port or wildcard, or an https URL.
pub(super) fn issuer_name(text: &str) -> Result<String, String> {
    if is_issuer_name(text) {
        Ok(text.to_owned())
    } else {
        Err("neither a host such as issuer.example nor an https URL".to_owned())
    }
}

/// A host by name, with a port if others reach it by one.
pub(super) fn host(text: &str) -> Result<String, String> {
    let (name, port) = text.split_once(':').map_or((text, None), |(name, port)| (name, Some(port)));
    let is_port = |port: &str| port.parse::<u16>().is_ok_and(|port| port > 0);
    if is_host(name) && port.is_none_or(is_port) {
        Ok(text.to_owned())
    } else {
        Err("not a host such as ledger.example, without scheme and path".to_owned())
    }
}

/// Where a wallet posts an answer: an https URL, or an http one of this machine.
pub(super) fn reply_url(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_graphic() && !"\"<>\\^`{|}#".contains(c);
    match site_of(text) {
        Some(_) if text.chars().all(plain) => Ok(text.to_owned()),
        Some(_) | None => {
            Err("not an https URL without a fragment (http on this machine alone)".to_owned())
        }
    }
}

/// Scheme, host and port of a site, as browsers write them.
pub(super) fn origin(text: &str) -> Result<String, String> {
    match site_of(text) {
        Some(origin) if origin == text => Ok(origin),
        Some(origin) => {
            Err(format!("an origin has no path, and is written as browsers do: {origin}"))
        }
        None => Err("not an origin such as https://bank.example".to_owned()),
    }
}

/// The origin of a URL of https, or of http on this machine, that names no user.
fn site_of(text: &str) -> Option<String> {
    let authority = text.split_once("://")?.1.split(['/', '?', '#']).next()?;
    let origin = Place::of(text).ok()?.origin;
    let host = origin.strip_prefix("http://").map(|rest| rest.split(':').next().unwrap_or(rest));
    let safe = origin.starts_with("https://") || matches!(host, Some("localhost" | "127.0.0.1"));
    (safe && !authority.contains('@')).then_some(origin)
}

/// Whether a certificate can name an issuer so.
pub(crate) fn is_issuer_name(text: &str) -> bool {
    let authority =
        text.strip_prefix("https://").map(|rest| rest.split('/').next().unwrap_or_default());
    let plain = |c: char| c.is_ascii_graphic() && !"\"<>\\^`{|}?#@".contains(c);
    text.chars().all(plain) && is_host(authority.unwrap_or(text))
}

/// The name of a host (RFC 1123 §2.1), without a port.
fn is_host(text: &str) -> bool {
    let label = |label: &str| {
        let inside = |c: char| c.is_ascii_alphanumeric() || c == '-';
        (1..=63).contains(&label.len())
            && label.chars().all(inside)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(label)
}

/// Reads `365d`, `12h`, `15m`, `30s`, `1y`, or an ISO 8601 duration.
pub(crate) fn parse_span(text: &str) -> Option<CalendarSpan> {
    let plain = |suffix: char, prefix: &str, unit: &str| {
        let digits = text.strip_suffix(suffix)?;
        let number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        number.then(|| CalendarSpan::parse(&format!("{prefix}{digits}{unit}")).ok()).flatten()
    };
    plain('d', "P", "D")
        .or_else(|| plain('y', "P", "Y"))
        .or_else(|| plain('h', "PT", "H"))
        .or_else(|| plain('m', "PT", "M"))
        .or_else(|| plain('s', "PT", "S"))
        .or_else(|| CalendarSpan::parse(text).ok())
}

/// `all`, or how many controllers.
pub(super) fn proofs(text: &str) -> Result<String, String> {
    let count = text.parse::<u32>().is_ok_and(|count| count > 0);
    if text == "all" || count {
        return Ok(text.to_owned());
    }
    Err("all, or a number of controllers".to_owned())
}
