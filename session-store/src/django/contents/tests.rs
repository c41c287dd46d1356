use std::time::Duration;

use session_core::django::Zone;
use session_testkit::{changed, digest_of, moment_at, record_of};

use super::*;

fn form() -> Form {
    Form {
        zone: Zone::use_tz(),
        column: Zone::use_tz(),
    }
}

/// Reads a payload that was signed at second 7 and ends at 100.
fn read(json: &str) -> Contents<'_> {
    Contents::parse(json, (moment_at(7), moment_at(100)), &form(), moment_at(7)).unwrap()
}

/// Writes values over a payload, and returns the new one without the note.
fn over(old: &str, record: &Record) -> String {
    let old = Some(old).filter(|old| !old.is_empty()).map(read);
    let json = written(old.as_ref(), record, record.expires, &form()).unwrap();
    without_note(&json)
}

fn without_note(json: &str) -> String {
    let members = Members::parse(json).unwrap();
    object(members.iter().filter(|member| member.name != note::NAME))
}

fn with(data: &str) -> Record {
    changed!(record_of(1), data = data.into())
}

#[test]
fn what_a_record_leaves_as_it_is_keeps_its_bytes_and_its_place() {
    for (old, data, new) in [
        ("", r#"{"b":1,"a":[2]}"#, r#"{"b":1,"a":[2]}"#),
        // Beyond ASCII only as escapes.
        ("", r#"{"é":"🦀\n"}"#, r#"{"\u00e9":"\ud83e\udd80\n"}"#),
        (r#"{"a":1}"#, "{}", "{}"),
        (r#"{"a":1,"b":2}"#, r#"{"b":2,"a":1}"#, r#"{"a":1,"b":2}"#),
        (
            r#"{"a":1.50,"b":2}"#,
            r#"{"a":1.50,"b":3}"#,
            r#"{"a":1.50,"b":3}"#,
        ),
        (r#"{"a":1,"b":2}"#, r#"{"c":0,"b":2}"#, r#"{"b":2,"c":0}"#),
        (
            r#"{ "\u00e9" : [ 1 ] }"#,
            r#"{"é":[ 1 ]}"#,
            r#"{"\u00e9":[ 1 ]}"#,
        ),
        (r#"{"\u00e9":1}"#, r#"{"é":2}"#, r#"{"\u00e9":2}"#),
        // Of two with one name the last counts.
        (
            r#"{"a":1,"b":2,"a":3}"#,
            r#"{"b":2,"a":3}"#,
            r#"{"a":1,"b":2,"a":3}"#,
        ),
        (
            r#"{"a":1,"b":2,"a":3}"#,
            r#"{"b":2,"a":4}"#,
            r#"{"a":4,"b":2}"#,
        ),
        (r#"{"a":1,"a":3}"#, "{}", "{}"),
    ] {
        assert_eq!(over(old, &with(data)), new, "{old} {data}");
    }
}

#[test]
fn fields_keep_their_form_and_their_place_until_they_change() {
    let ada = |data| changed!(with(data), owner = Some("7".into()));
    let short = |record: Record| changed!(record, expiry = Expiry::After(Duration::from_secs(300)));
    for (old, record, new) in [
        ("", ada("{}"), r#"{"_auth_user_id":"7"}"#),
        ("", short(with("{}")), r#"{"_session_expiry":300}"#),
        (
            r#"{"_session_expiry":3e2,"a":1,"_auth_user_id":7}"#,
            short(ada(r#"{"a":2}"#)),
            r#"{"_session_expiry":3e2,"a":2,"_auth_user_id":7}"#,
        ),
        (
            r#"{"_session_expiry":0,"a":1,"_auth_user_id":"8"}"#,
            short(ada(r#"{"a":1}"#)),
            r#"{"_session_expiry":300,"a":1,"_auth_user_id":"7"}"#,
        ),
        (
            r#"{"_auth_user_id":"8","_session_expiry":0,"a":1}"#,
            with(r#"{"a":1}"#),
            r#"{"a":1}"#,
        ),
        // What means nothing stays.
        (
            r#"{"_auth_user_id":null,"_session_expiry":"x"}"#,
            with("{}"),
            r#"{"_auth_user_id":null,"_session_expiry":"x"}"#,
        ),
    ] {
        assert_eq!(over(old, &record), new, "{old}");
    }
}

/// A token has the second in which Django saved, and the row's end has the rest of the moment.
#[test]
fn a_save_of_djangos_is_seen_when_it_was_made() {
    let half = Duration::from_millis(500);
    let (signed, saved) = (moment_at(7), moment_at(7) + half);
    let minute = Duration::from_secs(60);
    let note = |seen: Moment| {
        let record = changed!(with("{}"), seen = seen);
        written(None, &record, moment_at(90), &form()).unwrap()
    };
    for (json, ends, seen) in [
        ("{}".to_owned(), saved + minute, saved),
        ("{}".to_owned(), signed + minute, signed),
        (
            r#"{"_session_expiry":60}"#.to_owned(),
            saved + minute,
            saved,
        ),
        (
            r#"{"_session_expiry":60.5}"#.to_owned(),
            saved + minute + half,
            saved,
        ),
        (r#"{"_session_expiry":0}"#.to_owned(), saved + minute, saved),
        // A moment of its own says nothing of the save.
        (
            r#"{"_session_expiry":"2100-01-01T00:00:00.250000+00:00"}"#.to_owned(),
            saved + minute,
            signed,
        ),
        // A save of ours has its own moment, and one of Django's after it another.
        (note(saved + half / 2), saved + minute, saved + half / 2),
        (note(moment_at(6)), saved + minute, saved),
    ] {
        let contents = Contents::parse(&json, (signed, ends), &form(), signed).unwrap();
        assert_eq!(contents.record(digest_of(3)).seen, seen, "{json}");
    }
}

#[test]
fn a_payload_is_a_record() {
    let json = r#"{"z":1,"_auth_user_id":"\u00e9","_auth_user_hash":"x","_session_expiry":0}"#;
    let record = read(json).record(digest_of(3));
    assert_eq!(&*record.data, r#"{"z":1,"_auth_user_hash":"x"}"#);
    assert_eq!(record.owner.as_deref(), Some("é"));
    assert_eq!(record.expiry, Expiry::BrowserClose);
    assert_eq!((record.created, record.seen), (moment_at(7), moment_at(7)));
    assert_eq!(
        (record.expires, record.authenticated),
        (moment_at(100), None)
    );
    assert_eq!(record.secrets.present, digest_of(3));
}

#[test]
fn what_was_written_comes_back() {
    let record = changed!(
        with(r#"{"a":1}"#),
        seen = moment_at(9),
        owner = Some("7".into()),
        authenticated = Some(moment_at(3)),
        label = Some("Firefox".into())
    );
    let json = written(None, &record, record.expires, &form()).unwrap();
    let contents =
        Contents::parse(&json, (record.seen, record.expires), &form(), moment_at(7)).unwrap();
    assert_eq!(contents.record(digest_of(0)), record);
}

#[test]
fn a_change_by_django_is_another_revision_and_a_new_signature_is_none() {
    let json = written(None, &record_of(5), moment_at(100), &form()).unwrap();
    let again = Contents::parse(
        &json,
        (moment_at(50), moment_at(150)),
        &form(),
        moment_at(7),
    )
    .unwrap();
    assert_eq!(again.revision(), record_of(5).revision);
    assert_eq!(
        (again.seen(), again.expires()),
        (moment_at(50), moment_at(150))
    );
    let theirs = json.replace("\"n\":5", "\"n\":6");
    let theirs = read(&theirs);
    assert_ne!(theirs.revision(), record_of(5).revision);
    // A touch is none, whoever wrote last.
    for json in [
        &*json,
        r#"{"a":1}"#,
        r#"{"a":1,"_session":7,"_session":{}}"#,
    ] {
        let before = read(json).revision();
        let (touched, seen, expires) = read(json).touched(moment_at(60), moment_at(90));
        assert_eq!((seen, expires), (moment_at(60), moment_at(100)));
        assert_eq!(read(&touched).revision(), before, "{json}");
        assert_eq!(without_note(&touched), without_note(json));
    }
}

#[test]
fn whoever_signs_in_through_django_has_nothing_of_the_note() {
    let guest = changed!(
        record_of(5),
        label = Some("x".into()),
        created = moment_at(1)
    );
    let json = written(None, &guest, guest.expires, &form()).unwrap();
    let signed_in = json.replace("{\"n\":5", "{\"_auth_user_id\":\"7\",\"n\":5");
    let record = read(&signed_in).record(digest_of(0));
    assert_eq!((record.label, record.created), (None, moment_at(7)));
    // What is written next is about the new owner.
    let next = changed!(
        record_of(6),
        owner = Some("7".into()),
        created = moment_at(7)
    );
    let json = written(Some(&read(&signed_in)), &next, next.expires, &form()).unwrap();
    assert_eq!(read(&json).record(digest_of(0)).created, moment_at(7));
}

#[test]
fn only_the_sessions_own_lifetime_brings_an_end_nearer_that_django_has_moved() {
    let json = written(None, &record_of(1), moment_at(50), &form()).unwrap();
    let at = |ends| {
        Contents::parse(
            &json,
            (moment_at(7), moment_at(ends)),
            &form(),
            moment_at(7),
        )
        .unwrap()
    };
    let sooner = changed!(record_of(2), expires = moment_at(20));
    let own = changed!(sooner.clone(), expiry = Expiry::At(moment_at(20).into()));
    assert_eq!(at(50).end(&sooner), moment_at(20));
    assert_eq!(at(60).end(&sooner), moment_at(60));
    assert_eq!(at(60).end(&own), moment_at(20));
    assert_eq!(
        at(60).end(&changed!(sooner, expires = moment_at(70))),
        moment_at(70)
    );
}

#[test]
fn a_wall_clock_that_shows_two_hours_alike_keeps_our_end() {
    let form = Form {
        zone: Zone::local("America/New_York").unwrap(),
        column: Zone::local("America/New_York").unwrap(),
    };
    // The second 1:30 of that night.
    let end = Moment::of(time::macros::datetime!(2026-11-01 6:30 UTC));
    let record = changed!(record_of(1), expires = end);
    let json = written(None, &record, end, &form).unwrap();
    let column = form.column(end);
    for now in [end - time::Duration::HOUR, end - time::Duration::MINUTE] {
        let shown = form.moment(&column, now).unwrap();
        let contents = Contents::parse(&json, (moment_at(0), shown), &form, now).unwrap();
        assert_eq!(contents.expires(), end);
    }
}

#[test]
fn a_value_can_have_none_of_the_three_names() {
    for name in [OWNER, EXPIRY, note::NAME, r"_session\u005fexpiry"] {
        let record = with(&format!("{{\"a\":1,\"{name}\":1}}"));
        let refused = written(None, &record, record.expires, &form()).unwrap_err();
        assert!(matches!(refused, Unwritable::Value(..)), "{name}");
    }
    let none = written(None, &with("[]"), moment_at(1), &form());
    assert_eq!(none, Err(Unwritable::NoObject));
}

#[test]
fn what_could_not_be_read_again_is_not_written() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    for (value, is_written) in [
        (nested(969), true),
        (nested(970), false),
        ("9".repeat(4_300), true),
        ("9".repeat(4_301), false),
        (format!("\"{}\"", "x".repeat(8 << 20)), false),
    ] {
        let record = with(&format!("{{\"a\":{value}}}"));
        let json = written(None, &record, record.expires, &form());
        assert_eq!(json.is_ok(), is_written, "{} bytes", value.len());
    }
    // What a newer Python has written deeper stays.
    let theirs = format!("{{\"a\":{}}}", nested(9_979));
    let moment = moment_at(0);
    let old = Contents::parse(&theirs, (moment, moment), &form(), moment).unwrap();
    for (data, is_written) in [
        (theirs.clone(), true),
        (format!("{{\"a\":{},\"b\":1}}", nested(9_979)), true),
        (format!("{{\"a\":{}}}", nested(9_978)), false),
    ] {
        let record = with(&data);
        let json = written(Some(&old), &record, record.expires, &form());
        assert_eq!(json.is_ok(), is_written);
    }
}
