//! IRIs: which texts are absolute, which can stand in RDF, and what a relative one means ([RFC 3987], [RFC 3986 §5.2]).
//!
//! [RFC 3987]: https://www.rfc-editor.org/rfc/rfc3987
//! [RFC 3986 §5.2]: https://www.rfc-editor.org/rfc/rfc3986#section-5.2

/// Whether `text` begins with a scheme and has no white space: what JSON-LD calls the form of an IRI.
pub(super) fn is_absolute(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, _)| is_scheme(scheme))
        && !text.contains(char::is_whitespace)
}

/// Whether `text` can stand in N-Quads as an IRI: absolute, and without the characters that RFC 3987 leaves out.
pub(super) fn is_well_formed(text: &str) -> bool {
    const NEVER: &str = "<>\"{}|\\^`";
    let fragment = text.split_once('#').map(|(_, fragment)| fragment);
    is_absolute(text)
        && !text.chars().any(|c| c <= ' ' || NEVER.contains(c))
        && !fragment.is_some_and(|fragment| fragment.contains('#'))
}

/// What `reference` means in a document at `base`.
pub(super) fn resolve(base: &str, reference: &str) -> String {
    let (base, relative) = (Parts::of(base), Parts::of(reference));
    let path;
    let (authority, query);
    if relative.scheme.is_some() {
        return Parts { path: &without_dots(relative.path), ..relative }.join();
    } else if relative.authority.is_some() {
        (authority, query) = (relative.authority, relative.query);
        path = without_dots(relative.path);
    } else {
        authority = base.authority;
        if relative.path.is_empty() {
            path = base.path.to_owned();
            query = relative.query.or(base.query);
        } else {
            path = if relative.path.starts_with('/') {
                without_dots(relative.path)
            } else {
                without_dots(&merged(&base, relative.path))
            };
            query = relative.query;
        }
    }
    let fragment = relative.fragment;
    Parts { scheme: base.scheme, authority, path: &path, query, fragment }.join()
}

#[derive(Clone, Copy)]
struct Parts<'a> {
    scheme: Option<&'a str>,
    authority: Option<&'a str>,
    path: &'a str,
    query: Option<&'a str>,
    fragment: Option<&'a str>,
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Self {
        let cut = |text: &'a str, at: char| match text.split_once(at) {
            Some((before, after)) => (before, Some(after)),
            None => (text, None),
        };
        let (rest, fragment) = cut(text, '#');
        let (rest, query) = cut(rest, '?');
        let (scheme, rest) = match rest.split_once(':') {
            Some((scheme, rest)) if is_scheme(scheme) => (Some(scheme), rest),
            _ => (None, rest),
        };
        let (authority, path) = match rest.strip_prefix("//") {
            Some(rest) => {
                let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                (Some(authority), path)
            }
            None => (None, rest),
        };
        Self { scheme, authority, path, query, fragment }
    }

    fn join(&self) -> String {
        let mut out = String::new();
        if let Some(scheme) = self.scheme {
            out.push_str(scheme);
            out.push(':');
        }
        if let Some(authority) = self.authority {
            out.push_str("//");
            out.push_str(authority);
        }
        out.push_str(self.path);
        for (mark, part) in [('?', self.query), ('#', self.fragment)] {
            if let Some(part) = part {
                out.push(mark);
                out.push_str(part);
            }
        }
        out
    }
}

/// RFC 3986 §5.2.3.
fn merged(base: &Parts<'_>, path: &str) -> String {
    if base.authority.is_some() && base.path.is_empty() {
        return format!("/{path}");
    }
    match base.path.rsplit_once('/') {
        Some((folder, _)) => format!("{folder}/{path}"),
        None => path.to_owned(),
    }
}

/// RFC 3986 §5.2.4.
fn without_dots(path: &str) -> String {
    if !path.contains('.') {
        return path.to_owned();
    }
    let absolute = path.starts_with('/');
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.strip_prefix('/').unwrap_or(path).split('/').peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        match segment {
            "." => {}
            ".." => {
                kept.pop();
            }
            _ => {
                kept.push(segment);
                continue;
            }
        }
        // What ends in a dot segment names a folder.
        if last {
            kept.push("");
        }
    }
    let joined = kept.join("/");
    if absolute { format!("/{joined}") } else { joined }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|c| c.is_ascii_alphanumeric() || b"+-.".contains(&c))
}
