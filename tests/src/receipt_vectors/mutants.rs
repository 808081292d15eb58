//! Questions that hold, with one thing changed by chance: input for comparing verifiers.

use inkan_core::encoding::{b64, decode_b64};
use inkan_core::rng::insecure::SeededRng;
use inkan_core::{CryptoRng, rng};
use serde_json::{Value, json};

use super::{Group, all};

/// So many mutants of the questions that hold, always the same for one seed.
///
/// # Panics
///
/// Never.
#[must_use]
pub fn mutants(count: usize, seed: u64) -> Vec<Value> {
    let mut rng = SeededRng::new(seed);
    let groups = all();
    let groups: Vec<&Group> = groups.iter().filter(|group| group.name != "primitives").collect();
    let mut out = Vec::new();
    while out.len() < count {
        let group = groups[below(&mut rng, groups.len())];
        let case = &group.cases[below(&mut rng, group.cases.len())];
        if case.expect["ok"] == true {
            let request = group.request(case);
            out.extend(mutated(&request, &mut rng));
        }
    }
    out
}

fn below(rng: &mut impl CryptoRng, limit: usize) -> usize {
    let bytes: [u8; 8] = rng::draw(rng);
    usize::try_from(u64::from_be_bytes(bytes) % limit.max(1) as u64).unwrap_or_default()
}

/// One file of the request changed; `None` if the draw found nothing to change.
fn mutated(request: &Value, rng: &mut impl CryptoRng) -> Option<Value> {
    let files = [
        "receipt",
        "receipt",
        "receipt",
        "evidence",
        "policy",
        "proof",
        "leaf",
        "history",
        "checkpoints",
        "historyHead",
        "promise",
        "receipts",
        "heads",
        "documents",
        "cose",
        "now",
    ];
    let name = files[below(rng, files.len())];
    let mut out = request.clone();
    let slot = out.get_mut(name)?;
    match slot {
        Value::Number(number) => {
            let by = 1 << below(rng, 12);
            *slot = json!(number.as_i64()?.saturating_sub(by).max(0));
        }
        Value::Array(items) => {
            let at = below(rng, items.len());
            let item = items.get_mut(at)?;
            *item = changed_file(item, rng)?;
        }
        file => *file = changed_file(file, rng)?,
    }
    Some(out)
}

fn changed_file(file: &Value, rng: &mut impl CryptoRng) -> Option<Value> {
    match file {
        Value::String(text) => {
            // Members of a JSON file are changed inside too, or every mutant would only be malformed JSON.
            if text.starts_with('{') && below(rng, 4) > 0 {
                let mut value: Value = serde_json::from_str(text).ok()?;
                let members = value.as_object_mut()?;
                let at = below(rng, members.len());
                let (_, member) = members.iter_mut().nth(at)?;
                match member {
                    Value::String(inner) if inner.starts_with("c2sp") => {
                        *member = changed_text(inner, rng).into()
                    }
                    Value::String(inner) => *member = changed_encoded(inner, rng).into(),
                    other => *other = json!([null, 0, "", -1, 1.5])[below(rng, 5)].clone(),
                }
                return Some(value.to_string().into());
            }
            Some(changed_text(text, rng).into())
        }
        Value::Object(_) => {
            let mut raw = decode_b64(file["b64"].as_str()?).ok()?;
            let at = below(rng, raw.len());
            *raw.get_mut(at)? ^= 1 << below(rng, 8);
            Some(json!({ "b64": b64(&raw) }))
        }
        _ => None,
    }
}

/// A line changed, doubled, left out or moved, or a character changed.
fn changed_text(text: &str, rng: &mut impl CryptoRng) -> String {
    let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
    let (one, other) = (below(rng, lines.len()), below(rng, lines.len()));
    match below(rng, 8) {
        0 => drop(lines.remove(one)),
        1 => lines.insert(other, lines[one].clone()),
        2 => lines.swap(one, other),
        3 => lines[one].push([' ', '\t', '\r', '=', '0', '\u{85}', '\u{2028}', '+'][below(rng, 8)]),
        _ => lines[one] = changed_encoded(&lines[one], rng),
    }
    lines.join("\n")
}

/// One character replaced by another, or left out.
fn changed_encoded(text: &str, rng: &mut impl CryptoRng) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    if characters.is_empty() {
        return "A".to_owned();
    }
    let at = below(rng, characters.len());
    if below(rng, 8) == 0 {
        characters.remove(at);
    } else {
        let letters: Vec<char> = "ABCDwxyz0189-_+/= \u{e9}\u{1f600}\"\\{}".chars().collect();
        characters[at] = letters[below(rng, letters.len())];
    }
    characters.into_iter().collect()
}
