use serde_json::json;

use super::*;

const SUBJECT: Subjects<'static> = Subjects { column: "subject", bearer: false };

fn csv(text: &str) -> Result<Table, Failure> {
    read(("rows.csv", text.as_bytes()), Notation::Csv, SUBJECT, &Types(None))
}

fn jsonl(text: &str) -> Vec<Row> {
    let read = read(("rows.jsonl", text.as_bytes()), Notation::JsonLines, SUBJECT, &Types(None));
    read.unwrap().rows
}

fn fault(row: &Row) -> (&'static str, Option<&str>) {
    let fault = row.read.as_ref().unwrap_err();
    (fault.code, fault.column.as_deref())
}

#[test]
fn a_table_is_read_with_the_line_of_each_row() {
    let text = "\u{feff}subject,name,address.city\r\ndid:key:a,\"Ada, \"\"the\"\"\nfirst\",Ulm\r\ndid:key:b,Bo,\r\n";
    let rows = csv(text).unwrap().rows;
    let lines: Vec<_> = rows.iter().map(|row| (row.number, row.line)).collect();
    assert_eq!(lines, [(1, 2), (2, 4)]);
    let first = rows[0].read.as_ref().unwrap();
    assert_eq!(first.subject, "did:key:a");
    let expected = json!({ "name": "Ada, \"the\"\nfirst", "address": { "city": "Ulm" } });
    assert_eq!(Value::Object(first.claims.clone()), expected);
    let second = rows[1].read.as_ref().unwrap();
    assert_eq!(Value::Object(second.claims.clone()), json!({ "name": "Bo" }));
    let gaps = csv("subject,name\n\n\nd,\"\n\"\r\n\r\nd,b\n,\n").unwrap().rows;
    assert_eq!(gaps.iter().map(|row| row.line).collect::<Vec<_>>(), [4, 7, 8]);
}

#[test]
fn a_wrong_row_says_where_and_the_others_are_read() {
    let text = "subject,name\ndid:key:a\n,Ada\ndid:key:b,\ndid:key:c,Cy,more\ndid:key:d,Di\n";
    let rows = csv(text).unwrap().rows;
    assert_eq!(fault(&rows[0]), ("row-malformed", None));
    assert_eq!(fault(&rows[1]), ("row-malformed", Some("\"subject\" (1)")));
    assert_eq!(fault(&rows[2]), ("row-malformed", None));
    assert_eq!(fault(&rows[3]), ("row-malformed", None));
    assert!(rows[4].read.is_ok());
    let bytes =
        [b"subject,name\ndid:key:a,".as_slice(), &[0xff, 0xfe], b"\ndid:key:b,Bo\n"].concat();
    let table = read(("rows.csv", &bytes), Notation::Csv, SUBJECT, &Types(None)).unwrap();
    assert_eq!(fault(&table.rows[0]), ("row-malformed", Some("\"name\" (2)")));
    assert!(table.rows[1].read.is_ok());
}

#[test]
fn a_fault_never_repeats_what_the_row_says() {
    let schema = json!({ "properties": { "credentialSubject": { "properties": { "pin": { "type": "integer" } } } } });
    let text = b"subject,pin\ndid:key:a,secret-value\n";
    let table = read(("rows.csv", text), Notation::Csv, SUBJECT, &Types(Some(&schema))).unwrap();
    let fault = table.rows[0].read.as_ref().unwrap_err();
    assert_eq!(fault.column.as_deref(), Some("\"pin\" (2)"));
    assert!(!fault.message.contains("secret-value"), "{}", fault.message);
}

#[test]
fn a_header_that_cannot_be_understood_is_refused() {
    let bad = [
        "",
        "name\nAda\n",
        "subject,\ndid:key:a,x\n",
        "subject,a,a\nd,1,2\n",
        "subject,a,a.b\nd,1,2\n",
        "subject,/0\nd,1\n",
        "subject,name\n",
    ];
    for text in bad {
        let failure = csv(text).map(|_| ()).unwrap_err();
        assert_eq!(failure.code(), "input-malformed", "{text:?}");
    }
}

#[test]
fn a_header_without_the_subject_says_what_was_found() {
    for (text, found) in [
        ("subject;name\n", "found: \"subject;name\"; columns are separated by commas"),
        ("whom,name\na,b\n", "found: \"name\", \"whom\";"),
        ("", "found: none;"),
    ] {
        let failure = csv(text).map(|_| ()).unwrap_err();
        assert!(failure.message().contains(found), "{}", failure.message());
    }
}

#[test]
fn json_lines_are_read_with_their_own_types() {
    let rows = jsonl(
        "{\"subject\":\"did:key:a\",\"age\":3,\"address.city\":\"Ulm\",\"tags\":[1]}\n\n{\"subject\":\"did:key:b\"}\n{\"a\":1}\n[]\n{\"subject\":3}\n{\"subject\":\"d\",\"a\":1,\"a\":2}\n{\"subject\":\"d\",\"a\":{},\"a.b\":2}\n",
    );
    let first = rows[0].read.as_ref().unwrap();
    let expected = json!({ "age": 3, "address": { "city": "Ulm" }, "tags": [1] });
    assert_eq!(Value::Object(first.claims.clone()), expected);
    let faults: Vec<_> = rows[1..].iter().map(|row| (row.line, fault(row).1)).collect();
    let subject = Some("\"subject\"");
    assert_eq!(faults, [(3, None), (4, subject), (5, None), (6, subject), (7, None), (8, None)]);
}

#[test]
fn the_digest_tells_contents_apart_and_not_their_spelling() {
    let digest = |row: &Row| row.read.as_ref().unwrap().digest;
    let one = jsonl("{\"subject\":\"d\",\"a\":1,\"b\":2}");
    let same = jsonl("{ \"b\":2, \"subject\":\"d\", \"a\":1 }");
    assert_eq!(digest(&one[0]), digest(&same[0]));
    for other in ["{\"subject\":\"e\",\"a\":1,\"b\":2}", "{\"subject\":\"d\",\"a\":\"1\",\"b\":2}"]
    {
        assert_ne!(digest(&one[0]), digest(&jsonl(other)[0]), "{other}");
    }
}

#[test]
fn the_notation_goes_by_the_name() {
    for (name, notation) in [
        ("a.csv", Notation::Csv),
        ("a.jsonl", Notation::JsonLines),
        ("a.NDJSON", Notation::JsonLines),
        ("standard input", Notation::Csv),
    ] {
        assert_eq!(Notation::of(name), notation, "{name}");
    }
}

#[test]
fn a_quote_that_is_not_closed_swallows_nobody() {
    for text in [
        "subject,name\ndid:key:a,Ada\ndid:key:b,\"Bob\ndid:key:c,Carol\n",
        "subject,name\ndid:key:a,Ada\ndid:key:b,\"Bob\ndid:key:c,\"Carol\n",
        "subject,name\ndid:key:a,Ada\ndid:key:b,\"Bob\"by\n",
    ] {
        assert!(csv(text).is_err(), "{text}");
        assert_eq!(stray_quote(text.as_bytes()), Some(3), "{text}");
    }
    for text in [
        "subject,name\ndid:key:a,\"Ada, \"\"the\"\"\nfirst\"\r\ndid:key:b,5\" pipe\n",
        "subject,name\ndid:key:a,\"\"\ndid:key:b,\"Bo\"",
    ] {
        assert!(csv(text).is_ok(), "{text}");
        assert_eq!(stray_quote(text.as_bytes()), None, "{text}");
    }
}

#[test]
fn rows_without_a_subject_are_read_where_credentials_name_nobody() {
    let bearer = Subjects { bearer: true, ..SUBJECT };
    let csv = |text: &str, subject| {
        read(("rows.csv", text.as_bytes()), Notation::Csv, subject, &Types(None))
    };
    let both = "subject,givenName\n,Aiko\ndid:key:z6Mk,Ken\n";
    let table = csv(both, bearer).unwrap();
    let about = |at: usize| table.rows[at].read.as_ref().unwrap().subject.clone();
    assert_eq!((about(0), about(1)), (String::new(), "did:key:z6Mk".to_owned()));
    assert!(csv(both, SUBJECT).unwrap().rows[0].read.is_err());
    assert!(csv("givenName\nAiko\n", bearer).unwrap().rows[0].read.is_ok());
    assert!(csv("givenName\nAiko\n", SUBJECT).is_err());
    let line = b"{\"givenName\":\"Aiko\"}\n";
    assert!(json_rows(line, bearer)[0].read.is_ok());
    assert!(json_rows(line, SUBJECT)[0].read.is_err());
}
