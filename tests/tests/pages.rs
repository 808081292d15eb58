//! Pages in a browser: on a phone and on a desk, in light and in dark, with axe, and with nothing fetched.
//!
//! Feature `pages`: needs Node, what `npm ci --prefix tests/interop/pages` installs, and Chromium of the distribution
//! (`apt-get install -y chromium`; no browser is downloaded). What is missing is skipped loudly, and is an error under `CI=true`.

#[path = "pages/desk.rs"]
mod desk;
#[path = "pages/receipts.rs"]
mod receipts;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use inkan_tests::shell::Shell;
use inkan_tests::{skipped, workspace_root};
use serde_json::{Value, json};

/// The names under which distributions install it.
const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome-stable"];

fn browser() -> Option<PathBuf> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&folders).collect();
    let named =
        |name: &&str| folders.iter().map(|folder| folder.join(name)).find(|at| at.is_file());
    let found = BROWSERS.iter().find_map(named);
    let packages = workspace_root().join("tests/interop/pages/node_modules");
    let whole = ["playwright-core", "axe-core"].iter().all(|name| packages.join(name).is_dir());
    if found.is_none() || !whole {
        let how = "apt-get install -y chromium && npm ci --prefix tests/interop/pages";
        skipped(&format!("pages in a browser: {how}"));
    }
    found.filter(|_| whole)
}

/// What is wrong with a page, line by line.
fn findings(browser: &Path, page: &Path) -> Vec<String> {
    let script = workspace_root().join("tests/interop/pages/check.mjs");
    let output = Command::new("node")
        .arg(script)
        .arg(browser)
        .arg(page)
        .stderr(Stdio::inherit())
        .output()
        .expect("node starts");
    assert!(output.status.success(), "the script failed");
    let found: Value = serde_json::from_slice(&output.stdout).expect("a list");
    let found = found.as_array().expect("a list").iter();
    found.map(|one| one.as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn pages_of_stories_are_readable_on_a_phone_and_ask_for_nothing() {
    let Some(browser) = browser() else { return };
    let shell = Shell::new();
    let (_, me) = shell.cast();
    // Names that are long, that would be markup, and that run the other way.
    let claims = json!({
        "a_claim_with_a_name_that_is_longer_than_any_line_of_a_phone_could_ever_be_wide": 1,
        "<script>alert(1)</script>": 2, "\u{202e}eman": 3, "שם": 4, "氏名": 5,
    });
    shell.write("claims.json", claims.to_string().as_bytes());
    let issue = ["-p", "city", "issue", "Badge", "--from", "city", "--to", &me];
    let more = ["--claims", "claims.json", "--valid-for", "365d", "--out", "badge.json"];
    shell.ok(&[&issue[..], &more].concat());
    let sign = ["-p", "me", "countersign", "badge.json", "--as", "me", "--out", "signed.json"];
    shell.ok(&sign);
    let story = |file: &str, out: &str, exit: i32| {
        let line = ["-p", "desk", "story", file, "--html", out, "--show-claims"];
        assert_eq!(shell.inkan(&line).exit, exit);
        let found = findings(&browser, &shell.home().join(out));
        assert!(found.is_empty(), "{out}:\n{}", found.join("\n"));
    };
    story("signed.json", "plain.html", 0);
    shell.ok(&["-p", "city", "key", "generate", "seal-of-the-city-with-a-long-name-2027"]);
    let key = "seal-of-the-city-with-a-long-name-2027";
    shell.ok(&["-p", "city", "did", "rotate", "city", "--key", key]);
    shell.ok(&["-p", "city", "revoke", "badge.json", "--reason", "left", "--yes"]);
    story("signed.json", "revoked.html", 12);
    let forged = std::fs::read_to_string(shell.home().join("signed.json")).unwrap();
    shell.write("forged.json", forged.replace("\"Badge\"", "\"Bodge\"").as_bytes());
    story("forged.json", "forged.html", 11);
}
