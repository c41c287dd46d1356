//! Events that go on: copies that outlive their request, and several observers.

use session_core::{
    Event, EventKind, KeptEvent, Moment, Observer, PublicId, Reason, Revoker, SessionError,
};

use super::notes::Notes;

#[test]
fn a_copy_says_what_the_event_has_said() {
    let (gone, failure) = (SessionError::Gone, SessionError::NoSession.failure());
    let reasons = [
        None,
        Some(Reason::Absolute),
        Some(Reason::Age),
        Some(Reason::Asked),
        Some(Reason::Expiry),
        Some(Reason::Error(&gone)),
        Some(Reason::Failure(&failure)),
        Some(Reason::Idle),
        Some(Reason::By(Revoker::Tag)),
        Some(Reason::TooManyIds),
        Some(Reason::Unseen),
    ];
    for reason in reasons {
        let [original, copied] = [Notes::default(), Notes::default()];
        let kept = {
            let owner = String::from("ada");
            let mut event = Event::new(EventKind::Revoked, Moment::UNIX_EPOCH);
            event.session = Some(PublicId::from_bytes([1; 16]));
            event.previous = Some(PublicId::from_bytes([2; 16]));
            event.owner = Some(&owner);
            event.reason = reason;
            (event.count, event.left_out) = (3, 4);
            original.on(&event);
            KeptEvent::of(&event)
        };
        copied.on(&kept.clone().event());
        let lines = original.take_timed();
        assert_eq!(lines[0].1.owner.as_deref(), Some("ada"));
        assert_eq!(lines[0].1.reason.is_some(), reason.is_some());
        assert_eq!(copied.take_timed(), lines, "{reason:?}");
        let shown = format!("{kept:?}");
        assert!(
            shown.contains("Revoked") && !shown.contains("ada"),
            "{shown}"
        );
    }
}

#[test]
fn of_several_observers_each_is_told_though_one_panics() {
    let event = Event::new(EventKind::Created, Moment::UNIX_EPOCH);
    let [mut panics, calm] = [Notes::default(), Notes::default()];
    panics.panics = true;
    (panics.clone(), calm.clone()).on(&event);
    assert_eq!(calm.kinds(), [EventKind::Created]);
    (calm.clone(), panics.clone(), calm.clone()).on(&event);
    assert_eq!(calm.kinds(), [EventKind::Created; 2]);
    assert_eq!(panics.kinds(), [EventKind::Created; 2]);
}
