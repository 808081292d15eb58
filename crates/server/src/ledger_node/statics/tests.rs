use super::is_tile;

#[test]
fn only_tiles_are_looked_for() {
    for tile in [
        "0/000",
        "0/x001/234",
        "1/x123/x456/789",
        "2/007.p/1",
        "entries/000",
        "entries/x001/000.p/255",
        "63/000",
    ] {
        assert!(is_tile(tile), "{tile}");
    }
    for other in [
        "",
        "0",
        "0/",
        "64/000",
        "00/000",
        "8/data/000",
        "0/00",
        "0/0000",
        "0/x000/001",
        "0/x1/000",
        "0/001/000",
        "0/000.p/0",
        "0/000.p/256",
        "0/000.p/01",
        "0/000.p",
        "0/../000",
        "0/..",
        "entries/../../keys/log",
        "0/%30%30%30",
        "entries/000/",
        "0//000",
        "/000",
    ] {
        assert!(!is_tile(other), "{other}");
    }
}
