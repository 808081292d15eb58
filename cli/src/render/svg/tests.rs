use super::*;

#[test]
fn no_text_of_a_picture_is_smaller_than_eleven_pixels() {
    for size in STYLE.split("font-size:").skip(1) {
        let pixels: u32 = size.split("px").next().unwrap().parse().unwrap();
        assert!(pixels >= 11, "{pixels}px");
    }
}

#[test]
fn the_style_touches_nothing_outside_of_pictures() {
    for line in STYLE.lines().filter(|line| line.contains('{') && !line.starts_with('@')) {
        let selectors = line.split('{').next().unwrap();
        for selector in selectors.split(',') {
            assert!(selector.starts_with(".pic "), "{selector}");
        }
    }
}

#[test]
fn long_names_stay_on_the_page() {
    let long = "ledger.example/a-path-that-is-as-long-as-any-origin-may-be-64-bytes";
    for line in wrapped(&format!("Merkle path of entry 12345678 in {long}"), 32) {
        assert!(cells(&line) <= 32, "{line}");
    }
    for line in wrapped("在留カードの写しと住民票の写しを確認した市役所の窓口", 20)
    {
        assert!(cells(&line) <= 20, "{line}");
    }
}

#[test]
fn names_cannot_break_out_of_the_picture() {
    assert_eq!(escaped("<a b=\"&\u{7}'\">"), "&lt;a b=&quot;&amp;&#39;&quot;&gt;");
    let picture = Picture {
        width: WIDTH,
        height: 10,
        title: "</title><script>".to_owned(),
        sentence: "\" onload=\"x".to_owned(),
        body: String::new(),
    };
    for drawn in [picture.alone(), picture.inline("a")] {
        assert!(!drawn.contains("<script") && !drawn.contains("\" onload"), "{drawn}");
    }
}
