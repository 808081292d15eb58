use inkan_core::Timestamp;

use super::{Edge, Graph, Mood, lines, page, picture};

fn graph() -> Graph {
    let edge = |from: &str, to: &str, words: Vec<(Mood, String)>| Edge {
        from: from.to_owned(),
        to: to.to_owned(),
        words,
    };
    Graph {
        at: Timestamp::parse_strict("2026-11-21T12:00:00Z").unwrap(),
        edges: vec![
            edge(
                "trust list of bank",
                "did:web:a.example",
                vec![
                    (Mood::Holds, "issues Degree".to_owned()),
                    (Mood::Over, "issues Badge (ended 2025-01-01)".to_owned()),
                ],
            ),
            edge(
                "trust list of bank",
                "did:web:<b>&\"example",
                vec![(Mood::Void, "issues Degree (revoked for cause)".to_owned())],
            ),
            edge(
                "did:web:ministry.example",
                "did:web:c.example",
                vec![(
                    Mood::Later,
                    "took over from did:web:a.example (from 2027-04-01 on)".to_owned(),
                )],
            ),
        ],
    }
}

#[test]
fn every_word_of_the_graph_is_on_the_terminal_with_a_mark() {
    let text = anstream::adapter::strip_str(&lines(&graph())).to_string();
    for line in [
        "trust list of bank",
        "├─ did:web:a.example",
        "✓ issues Degree",
        "- issues Badge (ended 2025-01-01)",
        "✗ issues Degree (revoked for cause)",
        "└─ did:web:c.example",
    ] {
        assert!(text.contains(line), "{line:?} is not in\n{text}");
    }
}

#[test]
fn the_picture_says_what_it_shows_and_fits_a_phone() {
    let drawn = picture(&graph());
    assert_eq!(drawn.width, 360);
    assert!(
        drawn.sentence.contains("2 parties") && drawn.sentence.contains("1 are void for cause")
    );
    let svg = drawn.alone();
    assert!(svg.contains("role=\"img\"") && svg.contains("<desc"), "{svg}");
    assert!(svg.contains("class=\"broken\"") && svg.contains("class=\"held\""), "{svg}");
    for x in svg.split("<text class=\"small\" x=\"").skip(1) {
        let line = x.split('>').nth(1).unwrap().split('<').next().unwrap();
        let x: usize = x.split('"').next().unwrap().parse().unwrap();
        assert!(x + line.chars().count() * 7 <= 360, "{line:?} runs out of the picture");
    }
}

#[test]
fn foreign_names_are_text_and_nothing_is_fetched() {
    let html = page(&graph());
    assert!(html.contains("did:web:&lt;b&gt;&amp;&quot;example"), "{html}");
    assert!(!html.contains("<b>") && !html.contains("<script") && !html.contains("src="));
    assert!(html.contains("default-src 'none'") && html.contains("width=device-width"));
    assert!(page(&Graph { edges: vec![], ..graph() }).contains("Nobody is trusted"));
}
