use serde_json::{Value, json};

use super::{Ladder, of_report, svg};

fn report(ial: &Value, aal: &Value) -> Value {
    json!({
        "decision": "reject", "exit": 15,
        "checks": [{
            "check": "ial", "status": "fail", "code": "ial-below-requirement",
            "message": {"en": "a chip or a face-to-face check is <missing>", "ja": "不足"},
        }],
        "assurance": {"framework": "jp-swg-2022", "ial": ial, "aal": aal},
    })
}

fn refused() -> Vec<Ladder> {
    let ial = json!({"required": "IAL-3", "achieved": "IAL-2+", "counted": "IAL-2"});
    of_report(&report(&ial, &json!({"achieved": "AAL-1", "road": "holder-key"})))
}

#[test]
fn the_ladder_says_what_is_asked_for_what_was_reached_and_why() {
    let ladders = refused();
    assert_eq!(ladders.len(), 2);
    let text = ladders[0].text();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[2].ends_with("░░░ IAL-3  ◀ asked for"), "{text}");
    assert!(lines[3].ends_with("███ IAL-2+  ◀ reached, counts as IAL-2"), "{text}");
    assert!(text.contains("IAL-2+ was reached, counted as IAL-2; IAL-3 is asked for, and it is"));
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    let login = ladders[1].text();
    assert!(login.contains("AAL-1 was reached; nothing is asked for."), "{login}");
    assert!(login.contains("AAL-1+"), "every step of the scale: {login}");
}

#[test]
fn the_picture_is_as_wide_as_a_small_phone_and_says_all_in_words() {
    let picture = svg(&refused());
    assert!(picture.contains("width=\"360\"") && picture.contains("role=\"img\""));
    assert!(picture.contains("asked for") && picture.contains("counts as IAL-2"));
    assert!(!picture.contains("<missing>"), "what others wrote is no markup");
    assert_eq!(picture.matches("<rect x=").count(), 6 + 5, "all steps of both scales");
    // Every step, and what stands beside it, within the picture: a character takes seven pixels at most.
    for line in picture.lines().filter(|line| line.starts_with("<text class=\"small\"")) {
        let x: usize =
            line.split("x=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap();
        let words = line.split('>').nth(1).unwrap().split('<').next().unwrap();
        assert!(x + words.chars().count() * 7 <= 360, "{line}");
    }
}

#[test]
fn other_frameworks_have_their_own_steps() {
    let mut value =
        report(&json!({"required": "IAL2", "achieved": "IAL1"}), &json!({"achieved": "AAL2"}));
    value["assurance"]["framework"] = json!("nist-800-63-4");
    let text = of_report(&value)[0].text();
    assert!(text.contains("IAL3") && text.contains("IAL2  ◀ asked for"), "{text}");
    assert!(of_report(&json!({"decision": "accept"})).is_empty());
}
