//! What the form of a page sends: a text that was pasted, or a file that was chosen.
//!
//! In scope: `multipart/form-data` ([RFC 7578](https://www.rfc-editor.org/rfc/rfc7578)) as browsers write it, strictly: known names, each once.
//! Out of scope: what is in it. Written here: it is one form of ours with two fields, and a library for it brings six packages along.

/// The most parts.
const PARTS: usize = 4;
/// The longest boundary (RFC 2046 §5.1.1).
const BOUNDARY: usize = 70;
/// The longest head of a part.
const HEAD: usize = 2_048;

/// The presentation out of a form: what the field `text` or the field `file` holds; exactly one of them holds something.
///
/// `content_type` is the header of the request. `None` if it is no such form.
#[must_use]
pub fn presentation<'a>(content_type: &str, body: &'a [u8]) -> Option<&'a [u8]> {
    let boundary = boundary(content_type)?;
    let (mut text, mut file) = (None, None);
    for (name, content) in parts(&boundary, body)? {
        let place = match name {
            "text" => &mut text,
            "file" => &mut file,
            _ => return None,
        };
        if place.replace(content.trim_ascii()).is_some() {
            return None;
        }
    }
    match (text.filter(|text| !text.is_empty()), file.filter(|file| !file.is_empty())) {
        (Some(one), None) | (None, Some(one)) => Some(one),
        (Some(_), Some(_)) | (None, None) => None,
    }
}

fn boundary(content_type: &str) -> Option<String> {
    let (kind, parameters) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let (name, value) = parameters.trim().split_once('=')?;
    let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=?".contains(&byte);
    let good = name.eq_ignore_ascii_case("boundary")
        && (1..=BOUNDARY).contains(&value.len())
        && value.bytes().all(allowed);
    good.then(|| value.to_owned())
}

/// Name and content of each part, in order.
fn parts<'a>(boundary: &str, body: &'a [u8]) -> Option<Vec<(&'a str, &'a [u8])>> {
    let first = format!("--{boundary}");
    let next = format!("\r\n--{boundary}");
    let mut rest = body.strip_prefix(first.as_bytes())?;
    let mut out = Vec::new();
    loop {
        if matches!(rest, b"--" | b"--\r\n") {
            return Some(out);
        }
        rest = rest.strip_prefix(b"\r\n")?;
        let (head, after) = split(rest, b"\r\n\r\n")?;
        let (content, after) = split(after, next.as_bytes())?;
        if out.len() >= PARTS || head.len() > HEAD {
            return None;
        }
        out.push((name_of(std::str::from_utf8(head).ok()?)?, content));
        rest = after;
    }
}

/// The field's name in the head of a part.
fn name_of(head: &str) -> Option<&str> {
    let mut found = head.split("\r\n").filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-disposition").then(|| value.trim())
    });
    let value = found.next()?;
    if found.next().is_some() {
        return None;
    }
    // Browsers write the name first, and escape quotation marks in names of files.
    let rest = value.strip_prefix("form-data; name=\"")?;
    let (name, _) = rest.split_once('"')?;
    Some(name)
}

fn split<'a>(bytes: &'a [u8], at: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let place = bytes.windows(at.len()).position(|window| window == at)?;
    let (before, rest) = bytes.split_at_checked(place)?;
    Some((before, rest.get(at.len()..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: &str = "multipart/form-data; boundary=----B7";

    fn form(text: &str, file: &str) -> String {
        format!(
            "------B7\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\n{text}\r\n------B7\r\n\
             Content-Disposition: form-data; name=\"file\"; filename=\"a\\\"b.json\"\r\nContent-Type: application/json\r\n\r\n{file}\r\n\
             ------B7--\r\n"
        )
    }

    #[test]
    fn one_field_holds_the_presentation() {
        let read = |text: &str, file: &str| {
            presentation(KIND, form(text, file).as_bytes()).map(<[u8]>::to_vec)
        };
        assert_eq!(read(" {\"a\":1}\r\n", "").as_deref(), Some(&b"{\"a\":1}"[..]));
        assert_eq!(read("", "{\r\n}").as_deref(), Some(&b"{\r\n}"[..]));
        assert_eq!((read("", ""), read("a", "b")), (None, None));
    }

    #[test]
    fn whatever_is_sent_is_read_as_a_part_of_it_or_not_at_all() {
        let whole = form("{\"a\":1}", "").into_bytes();
        let judge = |kind: &str, body: &[u8]| {
            if let Some(read) = presentation(kind, body) {
                assert!(!read.is_empty() && read.len() < body.len());
                assert!(body.windows(read.len()).any(|window| window == read));
            }
        };
        for place in 0..whole.len() {
            judge(KIND, &whole[..place]);
            for flip in [1, 2, 0x20, 0x80, 0xff] {
                let mut changed = whole.clone();
                changed[place] ^= flip;
                judge(KIND, &changed);
            }
            let twice = [&whole[..place], &whole[..]].concat();
            judge(KIND, &twice);
        }
        for place in 0..KIND.len() {
            judge(KIND.get(..place).unwrap_or_default(), &whole);
        }
    }

    #[test]
    fn what_is_no_such_form_is_not_read() {
        let good = form("a", "");
        assert!(presentation(KIND, good.as_bytes()).is_some());
        let quoted = "Multipart/Form-Data; boundary=\"----B7\"";
        assert!(presentation(quoted, good.as_bytes()).is_some());
        for kind in [
            "text/plain",
            "multipart/form-data",
            "multipart/form-data; boundary=",
            "multipart/form-data; charset=x",
        ] {
            assert!(presentation(kind, good.as_bytes()).is_none(), "{kind}");
        }
        for (from, to) in [
            ("name=\"text\"", "name=\"other\""),
            ("name=\"file\"", "name=\"text\""),
            ("------B7--", "------B7"),
            ("\r\n\r\na", "\r\na"),
            ("form-data;", "attachment;"),
        ] {
            assert!(presentation(KIND, good.replace(from, to).as_bytes()).is_none(), "{to}");
        }
        for length in 0..good.len() - 2 {
            assert!(presentation(KIND, &good.as_bytes()[..length]).is_none(), "{length}");
        }
    }
}
