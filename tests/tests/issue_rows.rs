//! Many credentials at once: a table of rows becomes files that verify, with a report, and no row is issued twice, whatever cuts
//! the run.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use inkan_core::rng::insecure::SeededRng;
use inkan_credential::status_list::BitstringStatusList;
use inkan_crypto::{KeyType, SecretKey};
use inkan_did::self_contained::did_key;
use inkan_io::clock::{Clock as _, OsClock};
use inkan_io::ledger_folder::{LedgerFolder, LedgerReader};
use inkan_io::os_rng::OsRng;
use inkan_ledger::Kind;
use inkan_server::ledger_node;
use inkan_tests::made_node::node_options;
use inkan_tests::shell::{Said, Shell};
use inkan_tests::{peer, read_json, read_text};
use serde_json::{Value, json};

/// Somebody's DID; the same for the same number.
fn subject(number: u64) -> String {
    did_key(&SecretKey::generate(KeyType::Ed25519, &mut SeededRng::new(number)).public_key())
}

/// A table of so many people.
fn table(rows: u64) -> String {
    // Keys are dear, and several people may share one here.
    let subjects: Vec<String> = (0..rows.min(50)).map(subject).collect();
    let mut text = "subject,name,address.city,score\n".to_owned();
    for (row, subject) in (0..rows).zip(subjects.iter().cycle()) {
        text.push_str(&format!("{subject},\"Person, {row}\",Ulm,{row}\n"));
    }
    text
}

fn line<'a>(file: &'a str, out: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let line = ["-p", "city", "issue", "Badge", "--from", "city", "--rows", file, "--out", out];
    [&line[..], more].concat()
}

/// What the report says: of each row result, file, code and column.
fn report(path: &Path) -> Vec<[String; 4]> {
    let text = read_text(path);
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("row,line,result,file,id,code,number,column,message"));
    let cells = |line: &str| {
        let cells: Vec<&str> = line.splitn(8, ',').collect();
        [cells[2], cells[3], cells[5], cells[7]].map(str::to_owned)
    };
    lines.map(cells).collect()
}

/// Issuance entries in the ledger.
fn issuances(ledger: &Path) -> usize {
    let reader = LedgerReader::open(ledger).expect("a ledger");
    let size = reader.status().expect("its status").size;
    let view = reader.view_at(None).expect("a view").expect("a checkpoint");
    (0..size).filter(|at| view.entry(*at).expect("a leaf").kind() == Kind::Issuance).count()
}

/// Credentials that the issuer's profile knows.
fn known(shell: &Shell) -> Vec<Value> {
    let said = shell.inkan(&["-p", "city", "cred", "list", "--issued", "--json"]);
    said.json()["credentials"].as_array().expect("credentials").clone()
}

/// Checks that every row has one file with a credential of its own, which is what ledger and profile know; gives the files.
fn each_row_once(shell: &Shell, folder: &str, rows: u64) -> Vec<PathBuf> {
    let folder = shell.home().join(folder);
    let files: Vec<PathBuf> =
        (1..=rows).map(|row| folder.join(format!("row-{row:06}.json"))).collect();
    let mut ids = BTreeSet::new();
    for (row, file) in (0..).zip(&files) {
        let bundle = read_json(file);
        let credential = &bundle["credential"];
        assert_eq!(credential["credentialSubject"]["score"], json!(row), "{}", file.display());
        ids.insert(credential["id"].as_str().expect("an id").to_owned());
    }
    let known: BTreeSet<String> =
        known(shell).iter().map(|one| one["id"].as_str().expect("an id").to_owned()).collect();
    assert_eq!(ids.len(), files.len());
    assert_eq!(known, ids, "the profile knows what the files hold, and nothing else");
    let rows = usize::try_from(rows).expect("a number");
    assert_eq!(issuances(&shell.home().join("ledger")), rows, "one entry for each row");
    let others = ["report.csv", "rows.journal"];
    let names = fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry"));
    let names: BTreeSet<String> =
        names.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    assert_eq!(names.len(), rows + others.len(), "nothing half-made is left");
    files
}

fn assert_verifies(shell: &Shell, file: &Path) {
    let said = shell.inkan(&["-p", "desk", "verify", &file.display().to_string(), "--json"]);
    assert_eq!(said.exit, 0, "{}: {said:?}", file.display());
}

fn schema(shell: &Shell) -> String {
    let text = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "https://ledger.example/badge.json",
        "type": "object", "properties": { "credentialSubject": {
            "type": "object", "required": ["name", "score"], "properties": {
                "name": { "type": "string", "minLength": 2 }, "score": { "type": "integer", "maximum": 100 },
                "zip": { "type": "string" }, "address": { "properties": { "city": { "type": "string" } } },
                "languages": { "type": "array", "items": { "type": "string" } },
            },
        } },
    });
    shell.write("schema.json", text.to_string().as_bytes()).display().to_string()
}

#[test]
fn rows_become_files_that_verify_and_wrong_ones_are_named_and_stop_nobody() {
    let shell = Shell::new();
    let (_, me) = shell.cast();
    let schema = schema(&shell);
    let (a, b) = (subject(1), subject(2));
    let text = format!(
        "subject,name,zip,address.city,/languages/0,/languages/1,score\n\
         {me},Ada,01234,Ulm,de,fr,1\n{a},Bo,89073,,,,x\n{b},Cy,89073,Ulm,tr,,2\nnobody,Di,1,Ulm,de,,3\n\
         {a},E,1,Ulm,de,,4\n{b},Fi,1,Ulm,de,,101\n{a},Gil,1,Ulm,de\n"
    );
    shell.write("rows.csv", text.as_bytes());
    let more = ["--schema", schema.as_str(), "--json"];
    let said = shell.inkan(&line("rows.csv", "out", &more));
    assert_eq!(said.exit, 8, "{said:?}");
    let told = said.json();
    assert_eq!((&told["issued"], &told["wrong"]), (&json!(2), &json!(5)), "{told}");
    assert!(said.err.contains("row 2, line 3, column \"score\" (7)"), "{}", said.err);
    assert!(!said.err.contains("89073"), "values stay in the file: {}", said.err);
    let found = report(&shell.home().join("out/report.csv"));
    let expected = [
        ["issued", "row-000001.json", "", ""],
        ["wrong", "", "row-malformed", ""],
        ["issued", "row-000003.json", "", ""],
        ["wrong", "", "did-unknown", ""],
        ["wrong", "", "credential-schema-violated", ""],
        ["wrong", "", "credential-schema-violated", ""],
        ["wrong", "", "row-malformed", ""],
    ];
    assert!(found[3][3].starts_with("\"\"\"subject"), "{:?}", found[3]);
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!(
            found[..3],
            expected[..3].iter().map(|one| (*one).to_owned()).collect::<Vec<_>>()
        );
    }
    assert!(found[4][3].contains("name") && found[5][3].contains("score"), "{found:?}");
    for row in &told["rows"].as_array().expect("rows")[3..6] {
        assert!(row["number"].as_str().is_some_and(|number| number.starts_with("INK-")), "{row}");
    }
    let bundle = read_json(&shell.home().join("out/row-000001.json"));
    let subject = &bundle["credential"]["credentialSubject"];
    let claims = json!({
        "id": me, "name": "Ada", "zip": "01234", "address": { "city": "Ulm" }, "languages": ["de", "fr"], "score": 1,
    });
    assert_eq!(*subject, claims);
    assert!(bundle["didLogs"].get(me.as_str()).is_some(), "the holder's history goes along");
    assert_verifies(&shell, &shell.home().join("out/row-000001.json"));
    assert_verifies(&shell, &shell.home().join("out/row-000003.json"));
    assert_eq!(known(&shell).len(), 2);

    // Corrected, and only they are issued. A row that said something else before is not.
    let text = text.replace(",,,,x\n", ",,,,5\n").replace("nobody", &b).replace("Cy", "Cyrus");
    shell.write("rows.csv", text.as_bytes());
    let said = shell.inkan(&line("rows.csv", "out", &more));
    let told = said.json();
    let counts = ["issued", "earlier", "wrong"].map(|count| told[count].clone());
    assert_eq!(counts, [json!(2), json!(1), json!(4)], "{told}");
    assert_eq!(told["rows"][2]["code"], "row-changed");
    assert_eq!(told["rows"][2]["number"], "INK-7081");
    assert_eq!(issuances(&shell.home().join("ledger")), 4);
}

#[test]
fn strict_issues_nothing_if_a_row_is_wrong_and_a_dry_run_nothing_at_all() {
    let shell = Shell::new();
    shell.cast();
    let text = table(4).replace("\"Person, 2\",Ulm,2", "\"Person, 2\"");
    shell.write("rows.csv", text.as_bytes());
    let said = shell.inkan(&line("rows.csv", "out", &["--strict", "--json"]));
    assert_eq!(said.exit, 8, "{said:?}");
    assert_eq!(said.json()["held"], 3);
    assert_eq!((known(&shell).len(), issuances(&shell.home().join("ledger"))), (0, 0));
    let said = shell.inkan(&line("rows.csv", "elsewhere", &["-n", "--json"]));
    assert_eq!((said.exit, &said.json()["ready"]), (8, &json!(3)), "{said:?}");
    assert!(!shell.home().join("elsewhere").exists());
    shell.write("rows.csv", table(4).as_bytes());
    shell.ok(&line("rows.csv", "out", &["--strict"]));
    each_row_once(&shell, "out", 4);
}

#[test]
fn json_lines_keep_their_types_and_bare_files_have_the_credential_alone() {
    let shell = Shell::new();
    shell.cast();
    let rows: Vec<String> = (0..3)
        .map(|row| {
            let whom = subject(row);
            json!({ "whom": whom, "score": row, "tags": ["a", { "b": null }], "address.city": "Ulm" }).to_string()
        })
        .collect();
    shell.write("rows.jsonl", rows.join("\n").as_bytes());
    let more = [
        "--subject-column",
        "whom",
        "--bare",
        "--credential-format",
        "vc+jwt",
        "--report",
        "r.json",
    ];
    let report = shell.ok(&line("rows.jsonl", "out", &more));
    assert_eq!(report, "r.json");
    let report = read_json(&shell.home().join("r.json"));
    assert_eq!(report["rows"][2]["file"], "row-000003.jwt");
    for row in 1..=3 {
        let text = read_text(&shell.home().join(format!("out/row-{row:06}.jwt")));
        assert_eq!(text.trim_end().split('.').count(), 3);
        let inside = shell.inkan(&["inspect", &format!("out/row-{row:06}.jwt"), "--json"]);
        assert_eq!(inside.exit, 0, "{inside:?}");
    }
    // The same folder for something else, or a folder with other things in it: neither is touched.
    let said = shell.inkan(&line("rows.jsonl", "out", &["--subject-column", "whom", "--json"]));
    assert_eq!((said.exit, said.finds("batch-other")), (7, true), "{said:?}");
    fs::create_dir(shell.home().join("full")).expect("a folder");
    shell.write("full/notes.txt", b"mine");
    let said = shell.inkan(&line("rows.jsonl", "full", &["--subject-column", "whom", "--json"]));
    assert_eq!((said.exit, said.finds("out-exists")), (7, true), "{said:?}");
}

#[test]
fn rows_are_issued_in_formats_of_which_the_holder_shows_a_part_and_gone_on_with() {
    let shell = Shell::new();
    shell.cast();
    shell.write("rows.csv", table(5).as_bytes());
    for (format, more) in [
        ("vc+sd-jwt", &["--status", "token-cwt"][..]),
        ("dc+sd-jwt", &[]),
        ("eddsa-rdfc-2022", &[]),
    ] {
        let more = [&["--credential-format", format][..], more].concat();
        let said = shell.inkan(&line("rows.csv", format, &[&more[..], &["--json"]].concat()));
        assert_eq!((said.exit, &said.json()["issued"]), (0, &json!(5)), "{format}: {said:?}");
        let file = shell.home().join(format).join("row-000004.json");
        assert_verifies(&shell, &file);
        let before = read_text(&file);
        fs::remove_file(&file).expect("a file");
        let said = shell.inkan(&line("rows.csv", format, &[&more[..], &["--json"]].concat()));
        assert_eq!((said.exit, &said.json()["earlier"]), (0, &json!(5)), "{format}: {said:?}");
        let credential =
            |text: &str| serde_json::from_str::<Value>(text).expect("JSON")["credential"].clone();
        assert_eq!(credential(&read_text(&file)), credential(&before), "{format}");
        assert_verifies(&shell, &file);
    }
    assert_eq!(issuances(&shell.home().join("ledger")), 15);
}

/// What goes with one credential goes with many: who has to countersign, messages, a URL that names the issuer.
#[test]
fn rows_are_issued_with_demands_and_messages() {
    let shell = Shell::new();
    let (_, me) = shell.cast();
    shell.write("rows.csv", table(3).as_bytes());
    let first = |folder: &str| read_json(&shell.home().join(folder).join("row-000001.json"));
    let said = shell.inkan(&line("rows.csv", "asked", &["--countersigners", "holder=subject"]));
    assert_eq!(said.exit, 0, "{said:?}");
    let offer = &first("asked")["credential"]["countersignatureOffer"];
    assert_eq!(offer.as_array().expect("demands").len(), 1);
    let other = format!("witness={me}");
    let said = shell.inkan(&line("rows.csv", "asked", &["--countersigners", &other]));
    assert_ne!(said.exit, 0, "another batch: {said:?}");

    let said = shell.inkan(&line("rows.csv", "told", &["--messages", "made,sent,read,gone"]));
    assert_eq!(said.exit, 0, "{said:?}");
    let status = first("told")["credential"]["credentialStatus"].to_string();
    assert!(status.contains("\"message\""), "{status}");

    // Under its URL the issuer is another than under its DID.
    let named = ["--credential-format", "dc+sd-jwt", "--https-issuer"];
    shell.ok(&line("rows.csv", "named", &named));
    let said = shell.inkan(&line("rows.csv", "named", &[&named[..2], &["--json"]].concat()));
    assert_eq!((said.exit, said.finds("batch-other")), (7, true), "{said:?}");
}

/// The issuer serves one list for all of a batch: whether it has room is known before anything is signed.
#[test]
fn rows_get_their_places_in_a_list_that_the_issuer_serves_itself() {
    let shell = Shell::new();
    shell.cast();
    shell.write("rows.csv", table(3).as_bytes());
    let served = ["--no-ledger", "--status", "token", "--credential-format", "vc+jwt"];
    let more = [&served[..], &["--status-url", "https://city.example/list"]].concat();
    let said = shell.inkan(&line("rows.csv", "served", &more));
    assert_eq!(said.exit, 0, "{said:?}");
    assert!(said.err.contains("https://city.example/list is served"), "{said:?}");
    let said = shell.inkan(&["-p", "city", "status-list", "show", "--json"]);
    let lists = said.json()["lists"].as_array().expect("lists").clone();
    let ours: Vec<&Value> =
        lists.iter().filter(|list| list["uri"] == "https://city.example/list").collect();
    assert_eq!(ours.len(), 1, "{lists:?}");
    assert_eq!(ours[0]["credentials"], 3);

    // Two places are left.
    let kept = list_at(shell.home(), "https://city.example/list").expect("its record");
    let mut record = read_json(&kept);
    let text = record["state"]["used"].as_str().expect("places");
    let mut used = BitstringStatusList::decode(text).expect("places");
    let free: Vec<u64> = (0..used.len()).filter(|place| !used.get(*place).expect("one")).collect();
    free.iter().skip(2).for_each(|place| used.set(*place).expect("a place"));
    record["state"]["used"] = used.encode().expect("places").into();
    fs::write(&kept, record.to_string()).expect("it is written");
    let said = shell.inkan(&line("rows.csv", "full", &[&more[..], &["--json"]].concat()));
    assert_ne!(said.exit, 0, "{said:?}");
    assert!(said.out.contains("2 places left for 3 rows"), "{said:?}");
    assert_eq!(known(&shell).len(), 3, "nothing was issued");
    shell.write("two.csv", table(2).as_bytes());
    let said = shell.inkan(&line("two.csv", "two", &more));
    assert_eq!(said.exit, 0, "{said:?}");
}

/// The file in which a profile below `folder` keeps the list with this URL.
fn list_at(folder: &Path, url: &str) -> Option<PathBuf> {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            if let Some(found) = list_at(&path, url) {
                return Some(found);
            }
            continue;
        }
        let text = fs::read_to_string(&path).unwrap_or_default();
        let value = serde_json::from_str::<Value>(&text).unwrap_or_default();
        if value["state"]["uri"] == url {
            return Some(path);
        }
    }
    None
}

#[test]
fn the_same_command_again_issues_nothing_and_puts_lost_files_in_place_again() {
    let shell = Shell::new();
    shell.cast();
    shell.write("rows.csv", table(40).as_bytes());
    shell.ok(&line("rows.csv", "out", &[]));
    let files = each_row_once(&shell, "out", 40);
    let before = read_json(&files[6])["credential"].clone();
    fs::remove_file(&files[6]).expect("a file");
    shell.write("out/row-000009.json", b"");
    shell.write("out/row-000011.json", &fs::read(&files[1]).expect("a file"));
    let said = shell.inkan(&line("rows.csv", "out", &["--json"]));
    assert_eq!((said.exit, &said.json()["earlier"]), (0, &json!(40)), "{said:?}");
    each_row_once(&shell, "out", 40);
    assert_eq!(read_json(&files[6])["credential"], before, "the same credential, not another");
    for file in [&files[6], &files[8], &files[10]] {
        assert_verifies(&shell, file);
    }
}

/// Runs a batch and ends it with `SIGKILL` after so long; `true` if it came to its end before.
fn cut_after(shell: &Shell, line: &[&str], patience: Duration) -> bool {
    let mut child = Command::new(peer::inkan())
        .args(line)
        .current_dir(shell.home())
        .env_clear()
        .env("HOME", shell.home())
        .env("INKAN_PASSPHRASE_FILE", shell.home().join("pass"))
        .env("INKAN_NEXT_PASSPHRASE_FILE", shell.home().join("next"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("inkan starts");
    let begun = Instant::now();
    while begun.elapsed() < patience {
        if child.try_wait().expect("its state").is_some() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().expect("it can be ended");
    child.wait().expect("it ends");
    false
}

#[test]
fn a_run_that_is_killed_anywhere_is_gone_on_with_and_no_row_is_issued_twice() {
    let shell = Shell::new();
    shell.cast();
    shell.write("rows.csv", table(1_500).as_bytes());
    let line = line("rows.csv", "out", &[]);
    // The first run finds the keystore sealed and takes its time; later ones are cut at moments that move on.
    let mut cuts = 0;
    for cut in 0..12_u64 {
        if cut_after(&shell, &line, Duration::from_millis(400 + cut * 173)) {
            break;
        }
        cuts += 1;
    }
    assert!(cuts > 1, "cut at least twice: {cuts}");
    let said = shell.inkan(&line);
    assert_eq!(said.exit, 0, "{said:?}");
    let files = each_row_once(&shell, "out", 1_500);
    for row in [0, 511, 512, 1_023, 1_499] {
        assert_verifies(&shell, &files[row]);
    }
    let ends = report(&shell.home().join("out/report.csv"));
    assert!(ends.iter().all(|row| row[0] == "issued" || row[0] == "earlier"), "{cuts} cuts");
}

#[test]
fn ten_thousand_rows_are_a_matter_of_a_minute() {
    let shell = Shell::new();
    shell.cast();
    shell.write("rows.csv", table(10_000).as_bytes());
    let begun = Instant::now();
    shell.ok(&line("rows.csv", "out", &[]));
    let taken = begun.elapsed();
    println!("10,000 rows in {} ms", taken.as_millis());
    let files = each_row_once(&shell, "out", 10_000);
    assert_verifies(&shell, &files[9_999]);
    // A sync for each row alone would take longer on most disks. Unoptimised, and on a busy machine.
    assert!(taken < Duration::from_secs(180), "{taken:?}");
}

#[test]
fn rows_go_to_a_node_over_several_connections() {
    let shell = Shell::new();
    let data = shell.home().join("ledger");
    drop(LedgerFolder::create(&data, "ledger.example", &mut OsRng, OsClock.now()).unwrap());
    let node = ledger_node::spawn(node_options(&data), Arc::new(OsClock)).unwrap();
    let url = node.url().to_string();
    for (name, role) in [("city", "issuer"), ("desk", "verifier")] {
        shell.ok(&["init", name, "--role", role, "--ledger", &url, "--domain", "ledger.example"]);
    }
    shell.ok(&["-p", "city", "did", "create", "--name", "city"]);
    shell.write("rows.csv", table(100).as_bytes());
    let said: Said = shell.inkan(&line("rows.csv", "out", &["--json"]));
    assert_eq!((said.exit, &said.json()["issued"]), (0, &json!(100)), "{said:?}");
    assert_verifies(&shell, &shell.home().join("out/row-000100.json"));
    node.shutdown().unwrap();
    each_row_once(&shell, "out", 100);
}
