//! What the tests over W3C test suites share: where the cases lie, and how one of JSON-LD is run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use serde_json::{Map, Value};

use super::nquads;
use crate::rdfc::canon::{Hash, canonicalize};
use crate::rdfc::{Contexts, Mode, Processor, RdfcError, Work, to_rdf as rdf};

/// Makes one test of each name, and the list of them.
macro_rules! cases {
    ($run:ident: $($id:ident)*) => {
        $(
            #[test]
            fn $id() {
                $run(stringify!($id));
            }
        )*

        const NAMES: &[&str] = &[$(stringify!($id)),*];
    };
}
pub(super) use cases;

/// Where the cases think they lie.
const BASE: &str = "https://w3c.github.io/json-ld-api/tests/";

/// One folder of the public test vectors beside the workspace. `None`, and a line on stderr, if it is not there.
#[expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a missing folder is skipped aloud on a developer's machine, and fails in CI"
)]
pub(crate) fn vectors(name: &str) -> Option<PathBuf> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = manifest.join("../../../shared/vectors").join(name);
    if folder.exists() {
        return Some(folder);
    }
    let in_ci = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(!in_ci, "CI must not skip a test: {} is missing", folder.display());
    eprintln!("SKIPPED {} is missing", folder.display());
    None
}

pub(crate) fn read_text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(crate) fn read_json(path: &Path) -> Value {
    serde_json::from_str(&read_text(path))
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every case of a manifest is in one of the lists, and nothing else is.
pub(super) fn check_names(kind: &str, run: &[&str], skipped: &[(&str, &[&str])]) {
    let Some(folder) = vectors("json-ld") else { return };
    let manifest = read_json(&folder.join(format!("{kind}-manifest.jsonld")));
    let ids = manifest["sequence"].as_array().unwrap().iter();
    let ids: BTreeSet<&str> =
        ids.map(|case| case["@id"].as_str().unwrap().trim_start_matches('#')).collect();
    let named = run.iter().chain(skipped.iter().flat_map(|(_, names)| *names));
    let named: Vec<&str> = named.copied().collect();
    assert_eq!(named.len(), ids.len());
    assert_eq!(named.into_iter().collect::<BTreeSet<_>>(), ids);
}

/// Runs one case of the expansion tests.
pub(super) fn expand(id: &str) {
    let Some((folder, case)) = case("expand", id) else { return };
    let expanded = expanded(&folder, &case);
    match case.get("expectErrorCode") {
        None => {
            let expected = read_json(&folder.join(case["expect"].as_str().unwrap()));
            let expanded = Value::Array(expanded.unwrap());
            assert_eq!(sorted(&expanded), sorted(&expected), "{expanded:#} {expected:#}");
        }
        Some(code) => assert_code(expanded.unwrap_err(), code),
    }
}

/// Runs one case of the tests of RDF.
pub(super) fn to_rdf(id: &str) {
    let Some((folder, case)) = case("toRdf", id) else { return };
    let quads = expanded(&folder, &case).and_then(|nodes| rdf::to_rdf(&nodes, Mode::Lenient));
    if let Some(code) = case.get("expectErrorCode") {
        return assert_code(quads.unwrap_err(), code);
    }
    let canonical = |quads: &[_]| {
        canonicalize(quads, Hash::Sha256, &mut Work::new()).map(|canonical| canonical.text)
    };
    let text = canonical(&quads.unwrap()).unwrap();
    if let Some(expected) = case.get("expect") {
        let (expected, _) = nquads::parse(&read_text(&folder.join(expected.as_str().unwrap())));
        assert_eq!(text, canonical(&expected).unwrap());
    }
}

fn case(kind: &str, id: &str) -> Option<(PathBuf, Value)> {
    let folder = vectors("json-ld")?;
    let manifest = read_json(&folder.join(format!("{kind}-manifest.jsonld")));
    let cases = manifest["sequence"].as_array().unwrap();
    let case = cases.iter().find(|case| case["@id"] == format!("#{id}")).unwrap();
    Some((folder, case.clone()))
}

fn expanded(folder: &Path, case: &Value) -> Result<Vec<Value>, RdfcError> {
    let input = case["input"].as_str().unwrap();
    let base = match case.pointer("/option/base") {
        Some(base) => base.as_str().unwrap().to_owned(),
        None => format!("{BASE}{input}"),
    };
    let mut processor =
        Processor { mode: Mode::Lenient, base: Some(base), ..Processor::new(contexts()) };
    processor.expand_document(&read_json(&folder.join(input)))
}

/// The contexts that lie beside the cases, one set for all: so they also test that what is remembered holds elsewhere.
fn contexts() -> &'static Contexts {
    static SHARED: LazyLock<Contexts> = LazyLock::new(|| {
        let folder = vectors("json-ld").unwrap();
        let mut known = BTreeMap::new();
        for kind in ["expand", "toRdf"] {
            let listed = |folder: PathBuf| std::fs::read_dir(folder).unwrap();
            let mut files: Vec<PathBuf> =
                listed(folder.join(kind)).map(|entry| entry.unwrap().path()).collect();
            let inner: Vec<PathBuf> = files.iter().filter(|path| path.is_dir()).cloned().collect();
            files.retain(|path| path.is_file());
            for inner in inner {
                files.extend(listed(inner).map(|entry| entry.unwrap().path()));
            }
            for path in files {
                let name = path.strip_prefix(folder.join(kind)).unwrap().to_str().unwrap();
                if name.ends_with(".jsonld")
                    && let Ok(document) = serde_json::from_str::<Value>(&read_text(&path))
                    && let Some(context) = document.get("@context")
                {
                    known.insert(format!("{BASE}{kind}/{name}"), context.clone());
                }
            }
        }
        Contexts::of_documents(known).insecure_any_inline()
    });
    &SHARED
}

/// Documents are not loaded here: what is not known has no context either way.
fn assert_code(error: RdfcError, expected: &Value) {
    match (&error, expected.as_str().unwrap()) {
        (
            RdfcError::ContextUnknown { .. },
            "loading remote context failed" | "invalid remote context",
        ) => {}
        (RdfcError::Invalid { rule }, expected) => assert_eq!(*rule, expected),
        (_, expected) => panic!("{error} instead of {expected}"),
    }
}

/// The value with its sets and members in one order, whatever order a map keeps, and its numbers in one spelling.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(sorted).collect();
            items.sort_by_key(Value::to_string);
            Value::Array(items)
        }
        Value::Object(members) => Value::Object(
            members
                .iter()
                .map(|(name, value)| {
                    let list = value.as_array().filter(|_| name == "@list");
                    let value = match list {
                        Some(items) => items.iter().map(sorted).collect(),
                        None => sorted(value),
                    };
                    (name.clone(), value)
                })
                .collect::<BTreeMap<_, _>>()
                .into_iter()
                .collect::<Map<_, _>>(),
        ),
        Value::Number(number) => number.as_f64().unwrap().into(),
        Value::Null | Value::Bool(_) | Value::String(_) => value.clone(),
    }
}
