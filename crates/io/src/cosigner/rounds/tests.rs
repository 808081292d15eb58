use super::*;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3_600);

fn note(size: u64) -> SignedNote {
    SignedNote::new(format!("log.example\n{size}\nAAAA\n"))
}

#[expect(clippy::disallowed_methods, reason = "a moment to count from")]
fn start() -> Instant {
    Instant::now()
}

/// Asks whoever may be asked; gives who cosigned what.
fn ask(rounds: &Rounds, plans: &mut [Plan], up: &[bool], now: Instant) -> Vec<(usize, String)> {
    let mut cosigned = Vec::new();
    for (place, plan) in plans.iter_mut().enumerate() {
        let (round, _) = rounds.current(now).unwrap();
        if plan.wait(&round, now) == Some(Duration::ZERO) {
            // Each takes its time, another one.
            let answered = now + SECOND * u32::try_from(place).unwrap();
            plan.asked(&round, up[place], (now, answered));
            if up[place] {
                cosigned.push((place, round.note.text().to_owned()));
            }
        }
    }
    cosigned
}

/// With a clock of its own for each, the two meet once and never again.
#[test]
fn a_failed_cosigner_is_asked_about_the_head_of_the_round_that_the_others_have_cosigned() {
    let begun = start();
    let paces = [30 * SECOND, 30 * SECOND];
    let rounds = Rounds::new(Rounds::length(&paces), begun);
    let mut plans = paces.map(|pace| Plan::new(Pace::Every(pace), Rounds::length(&paces)));
    let mut heads = [Vec::new(), Vec::new()];
    for second in 0..600_u32 {
        rounds.offer(&note(second.into()));
        // The second is down for seven seconds at the begin of every other round.
        let up = [true, second % 60 >= 7];
        for (place, text) in ask(&rounds, &mut plans, &up, begun + SECOND * second) {
            heads[place].push(text);
        }
    }
    assert_eq!(heads[0].len(), 20, "one head in 30 seconds");
    assert_eq!(heads[0], heads[1]);
}

#[test]
fn nobody_else_is_asked_more_often_than_every_ten_seconds() {
    let begun = start();
    let rounds = Rounds::new(30 * SECOND, begun);
    let mut plan = Plan::new(Pace::Every(30 * SECOND), 30 * SECOND);
    rounds.offer(&note(1));
    let mut asked = Vec::new();
    for second in 0..200_u64 {
        let now = begun + Duration::from_secs(second);
        let (round, _) = rounds.current(now).unwrap();
        if plan.wait(&round, now) == Some(Duration::ZERO) {
            plan.asked(&round, false, (now, now));
            asked.push(second);
        }
    }
    assert_eq!(asked, [0, 10, 30, 70, 130, 190], "pauses grow to a minute");
}

/// Two authorities, one of which was down for a while, stamp the same heads again from the next hour on.
#[test]
fn who_is_asked_once_an_hour_takes_a_head_that_the_others_have_cosigned() {
    let begun = start();
    let paces = [30 * SECOND, HOUR, HOUR];
    let length = Rounds::length(&paces);
    assert_eq!((length, Rounds::length(&[HOUR])), (30 * SECOND, HOUR));
    let rounds = Rounds::new(length, begun);
    let mut plans = paces.map(|pace| Plan::new(Pace::Every(pace), length));
    let mut heads = [Vec::new(), Vec::new(), Vec::new()];
    for second in 0..3 * 3_600_u32 {
        rounds.offer(&note(second.into()));
        let up = [true, true, second >= 700];
        for (place, text) in ask(&rounds, &mut plans, &up, begun + SECOND * second) {
            heads[place].push(text);
        }
    }
    assert_eq!((heads[1].len(), heads[2].len()), (3, 3));
    assert_eq!(heads[1][1..], heads[2][1..]);
    assert!(heads[1..].iter().flatten().all(|head| heads[0].contains(head)));
}

#[test]
fn an_idle_log_asks_again_after_a_minute_and_a_new_head_begins_a_round_at_once() {
    let begun = start();
    let rounds = Rounds::new(30 * SECOND, begun);
    let mut plan = Plan::new(Pace::Every(30 * SECOND), 30 * SECOND);
    let at = |second: u64| begun + Duration::from_secs(second);
    assert!(rounds.current(begun).is_none());
    rounds.offer(&note(1));
    let (first, left) = rounds.current(begun).unwrap();
    assert_eq!(left, IDLE);
    assert_eq!(plan.wait(&first, begun), Some(Duration::ZERO));
    plan.asked(&first, true, (begun, begun));
    assert_eq!(plan.wait(&first, at(1)), None);
    assert_eq!(plan.wait(&rounds.current(at(59)).unwrap().0, at(59)), None);
    let again = rounds.current(at(60)).unwrap().0;
    assert_eq!(plan.wait(&again, at(60)), Some(Duration::ZERO));
    // It fails then: its line grows old, so that it is asked as after any failure.
    plan.asked(&again, false, (at(60), at(60)));
    assert_eq!(plan.wait(&rounds.current(at(61)).unwrap().0, at(61)), Some(9 * SECOND));
    rounds.offer(&note(2));
    assert_eq!(rounds.current(at(89)).unwrap().0.note, note(1));
    assert_eq!(rounds.current(at(90)).unwrap().0.note, note(2));
    rounds.offer(&note(3));
    assert_eq!(rounds.current(at(91)).unwrap(), (rounds.current(at(90)).unwrap().0, 29 * SECOND));
    // Those of the operator: every head is a round.
    let own = Rounds::new(Duration::ZERO, begun);
    for size in 1..=3 {
        own.offer(&note(size));
        let (round, _) = own.current(begun).unwrap();
        assert_eq!((round.note, round.number), (note(size), size - 1));
    }
}
