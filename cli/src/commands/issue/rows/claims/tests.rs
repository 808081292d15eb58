use serde_json::json;

use super::*;

fn path(title: &str) -> ColumnPath {
    ColumnPath::parse(title).unwrap()
}

fn claims(cells: &[(&str, Value)]) -> Value {
    let paths: Vec<(ColumnPath, Value)> =
        cells.iter().map(|(title, value)| (path(title), value.clone())).collect();
    let all: Vec<&ColumnPath> = paths.iter().map(|(path, _)| path).collect();
    check_together(&all).unwrap();
    Value::Object(assemble(paths.iter().map(|(path, value)| (path, value.clone())).collect()))
}

#[test]
fn dots_and_pointers_nest_and_lists_close_up_over_empty_cells() {
    let cells = [
        ("givenName", json!("Ada")),
        ("address.street", json!("Row 1")),
        ("/address/city", json!("Ulm")),
        ("/languages/0", json!("de")),
        ("/languages/2", json!("fr")),
        ("/a~1b/c.d~0", json!(1)),
    ];
    let expected = json!({
        "givenName": "Ada", "address": { "street": "Row 1", "city": "Ulm" }, "languages": ["de", "fr"],
        "a/b": { "c.d~": 1 },
    });
    assert_eq!(claims(&cells), expected);
}

#[test]
fn pointers_come_back_as_they_were_read() {
    for pointer in ["/givenName", "/a~1b/c~0d/0", "/x/y/12"] {
        assert_eq!(path(pointer).pointer(), pointer);
    }
    assert_eq!(path("address.street").pointer(), "/address/street");
}

#[test]
fn titles_that_name_no_claim_are_refused() {
    let deep = "a.".repeat(16) + "a";
    for title in ["", "a..b", ".a", "/", "/a//b", "/0", "/a/01", "/a/1000", "/a~2b", "/a~", &deep] {
        assert!(ColumnPath::parse(title).is_err(), "{title:?}");
    }
}

#[test]
fn columns_that_exclude_each_other_are_refused() {
    for pair in [["a", "a.b"], ["a.b", "a"], ["a.b", "/a/b"], ["/a/0", "/a/b"], ["/a/0", "/a/0/c"]]
    {
        let [one, other] = pair.map(path);
        assert!(check_together(&[&one, &other]).is_err(), "{pair:?}");
    }
}

#[test]
fn cells_are_read_as_their_type_says_and_never_as_something_near_it() {
    let good = [
        (Shape::Whole, "-12", json!(-12)),
        (Shape::Number, "1.5", json!(1.5)),
        (Shape::Truth, "true", json!(true)),
        (Shape::Text, "12", json!("12")),
        (Shape::Json, "[1,{\"a\":2}]", json!([1, { "a": 2 }])),
        (Shape::Unsaid, "12", json!(12)),
        (Shape::Unsaid, "false", json!(false)),
        (Shape::Unsaid, "007", json!("007")),
        (Shape::Unsaid, "+49 731", json!("+49 731")),
        (Shape::Unsaid, "9007199254740992", json!("9007199254740992")),
        (Shape::Unsaid, "null", json!("null")),
    ];
    for (shape, text, value) in good {
        assert_eq!(shape.read(text), Ok(value), "{shape:?} {text}");
    }
    let bad = [
        (Shape::Whole, &["1.0", "1e3", "+1", " 1", "01", "9007199254740992", "x"][..]),
        (Shape::Number, &["1,5", "0x10", "NaN", "\"1\"", "1 2", ""]),
        (Shape::Truth, &["True", "yes", "1", ""]),
        (Shape::Json, &["1", "\"a\"", "{\"a\":1,\"a\":2}", "[", "null"]),
    ];
    for (shape, texts) in bad {
        for text in texts {
            assert!(shape.read(text).is_err(), "{shape:?} {text:?}");
        }
    }
}

#[test]
fn types_are_those_of_the_schema_through_references_and_lists() {
    let schema = json!({
        "$defs": {
            "subject": { "properties": {
                "age": { "type": ["null", "integer"] }, "zip": { "type": "string" },
                "address": { "$ref": "#/$defs/address" }, "tags": { "type": "array", "items": { "type": "string" } },
                "loop": { "$ref": "#/$defs/loop" }, "grade": { "enum": ["1", "2"] },
                "pair": { "prefixItems": [{ "type": "boolean" }], "items": { "type": "number" } },
            } },
            "address": { "properties": { "number": { "type": "string" } } },
            "loop": { "$ref": "#/$defs/loop" },
        },
        "properties": { "credentialSubject": { "$ref": "#/$defs/subject" } },
    });
    let types = Types(Some(&schema));
    let expected = [
        ("age", Shape::Whole),
        ("zip", Shape::Text),
        ("address.number", Shape::Text),
        ("tags", Shape::Json),
        ("/tags/3", Shape::Text),
        ("/pair/0", Shape::Truth),
        ("/pair/1", Shape::Number),
        ("grade", Shape::Text),
        ("loop", Shape::Unsaid),
        ("other", Shape::Unsaid),
    ];
    for (title, shape) in expected {
        assert_eq!(types.of(&path(title)), shape, "{title}");
    }
    assert_eq!(Types(None).of(&path("age")), Shape::Unsaid);
}
