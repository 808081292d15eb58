use inkan_core::sha256;
use proptest::prelude::*;

use super::*;

const NOTE: &str = "log.example\n2\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
                    — log.example Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";
const HASH: &str = "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=";

#[test]
fn requests_are_read_and_written_alike() {
    for (old, hashes) in [(0, 0), (1, 1), (20_852_014, 63)] {
        let text = format!("old {old}\n{}\n{NOTE}", format!("{HASH}\n").repeat(hashes));
        let request = AddCheckpoint::parse(text.as_bytes()).unwrap();
        assert_eq!((request.old_size, request.consistency.len()), (old, hashes));
        assert_eq!(request.note.to_string(), NOTE);
        assert_eq!(request.to_string(), text);
    }
}

#[test]
fn malformed_requests_are_refused_by_their_part() {
    let cases = [
        (String::new(), AddCheckpointError::Shape),
        (format!("old 1\n{NOTE}"), AddCheckpointError::Path),
        (format!("old 01\n\n{NOTE}"), AddCheckpointError::OldSize),
        (format!("old +1\n\n{NOTE}"), AddCheckpointError::OldSize),
        (format!("old 9223372036854775808\n\n{NOTE}"), AddCheckpointError::OldSize),
        (format!("old  1\n\n{NOTE}"), AddCheckpointError::OldSize),
        (format!("OLD 1\n\n{NOTE}"), AddCheckpointError::OldSize),
        (format!("old 1\r\n\n{NOTE}"), AddCheckpointError::OldSize),
        (format!("old 1\n{}\n\n{NOTE}", HASH.trim_start_matches('P')), AddCheckpointError::Path),
        (format!("old 1\n{}\n{NOTE}", format!("{HASH}\n").repeat(64)), AddCheckpointError::Path),
        (format!("old 1\n\n{}", NOTE.replace('—', "-")), AddCheckpointError::Note),
        (format!("old 1\n\n{}", NOTE.trim_end()), AddCheckpointError::Note),
    ];
    for (text, error) in cases {
        assert_eq!(AddCheckpoint::parse(text.as_bytes()), Err(error), "{text:?}");
    }
    assert_eq!(AddCheckpoint::parse(b"old 1\n\n\xff"), Err(AddCheckpointError::Shape));
    let long = format!("old 1\n\n{}{NOTE}", "x".repeat(REQUEST_LIMIT));
    assert_eq!(AddCheckpoint::parse(long.as_bytes()), Err(AddCheckpointError::Shape));
}

#[test]
fn sizes_and_lines_of_answers_are_exact() {
    assert_eq!(parse_size(size_text(17).as_bytes()), Some(17));
    for wrong in ["", "17", "17\n\n", "017\n", "-1\n", "1 \n", "9223372036854775808\n", "x\n"] {
        assert_eq!(parse_size(wrong.as_bytes()), None, "{wrong:?}");
    }
    let line = NOTE.rsplit_once("\n\n").unwrap().1;
    assert_eq!(parse_lines(line.as_bytes()).unwrap().len(), 1);
    assert_eq!(parse_lines(line.repeat(3).as_bytes()).unwrap().len(), 3);
    for wrong in
        ["", "\n", "x\n", line.trim_end(), &format!("\n{line}"), &format!("{line}\n{line}")]
    {
        assert_eq!(parse_lines(wrong.as_bytes()), None, "{wrong:?}");
    }
}

#[test]
fn the_monitoring_path_is_the_hash_of_the_origin() {
    let hash = sha256(&[b"log.example"]).to_hex();
    assert_eq!(monitoring_path("log.example"), format!("{hash}/checkpoint"));
}

proptest! {
    #[test]
    fn what_is_read_is_written_back(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(request) = AddCheckpoint::parse(&body) {
            prop_assert_eq!(request.to_string().into_bytes(), body.clone());
        }
        if let Some(size) = parse_size(&body) {
            prop_assert_eq!(size_text(size).into_bytes(), body.clone());
        }
        if let Some(lines) = parse_lines(&body) {
            let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
            prop_assert_eq!(text.into_bytes(), body);
        }
    }
}
