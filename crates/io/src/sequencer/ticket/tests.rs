use std::sync::mpsc;

use super::*;

fn lost() -> u8 {
    0
}

#[test]
fn an_answer_reaches_whoever_waits_before_or_after_it() {
    let (early, answering) = ticket(lost);
    let waiting = std::thread::spawn(move || early.wait());
    answering.give(7);
    assert_eq!(waiting.join().unwrap(), 7);
    let (late, answering) = ticket(lost);
    answering.give(8);
    assert_eq!(late.wait(), 8);
    assert_eq!(Ticket::answered(9).wait(), 9);
}

#[test]
fn a_callback_is_called_once_whenever_it_was_left() {
    let (sender, answers) = mpsc::channel();
    for early in [true, false] {
        let (ticket, answering) = ticket(lost);
        let sender = sender.clone();
        let tell = Box::new(move |answer| sender.send(answer).unwrap());
        if early {
            ticket.on_done(tell);
            answering.give(3);
        } else {
            answering.give(3);
            ticket.on_done(tell);
        }
    }
    drop(sender);
    assert_eq!(answers.iter().collect::<Vec<_>>(), [3, 3]);
}

#[test]
fn nobody_waits_for_ever() {
    let (ticket, answering) = ticket(lost);
    let ticket = ticket.wait_timeout(Duration::from_millis(1)).unwrap_err();
    drop(answering);
    assert_eq!(ticket.wait(), 0, "dropped without an answer");
}
