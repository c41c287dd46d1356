use session_core::{Expiry, Moment, Secrets};
use session_testkit::{changed, digest_of, moment_at, record_of};

use super::*;

fn full() -> Record {
    let remembered = changed!(
        Remembered::new(digest_of(2), moment_at(4)),
        earlier = Some(digest_of(3)),
        salt = Salt::from_bytes(&[9; 16])
    );
    changed!(
        record_of(1),
        revision = Revision::from_i64(i64::MAX),
        secrets = changed!(
            Secrets::new(digest_of(1), moment_at(3)),
            remembered = Some(remembered)
        ),
        closed = true,
        authenticated = Some(moment_at(-1)),
        owner = Some("ada\n 1".into()),
        expiry = Expiry::At(moment_at(7).into()),
        label = Some("Firefox\n".into()),
        address = Some("".into()),
        tag = Some(" @-".into()),
        credential = Some(digest_of(4)),
        data = "{\"a\": \"\n\"}".into()
    )
}

#[test]
fn a_record_is_read_as_it_was_written() {
    let mut unsalted = full();
    let remembered = unsalted.secrets.remembered.as_mut().unwrap();
    (remembered.salt, remembered.earlier) = (None, None);
    let nameless = changed!(record_of(2), owner = Some("".into()));
    for record in [record_of(1), full(), unsalted, nameless] {
        for listed in [None, Some(moment_at(200))] {
            assert_eq!(read(&write(&record, listed)), Some(record.clone()));
        }
    }
}

#[test]
fn a_part_of_a_record_is_none() {
    let whole = write(&full(), None);
    let data = full().data.len();
    for length in 0..whole.len() - data {
        assert_eq!(read(&whole[..length]), None, "{length} bytes");
    }
    let mut other = whole.clone();
    other[0] = b'2';
    assert_eq!(read(&other), None);
    // Invalid data is left to the core.
    let broken = [&whole[..whole.len() - data], &[0xff]].concat();
    assert_eq!(read(&broken).map(|record| record.data), Some("".into()));
}

#[test]
fn a_record_is_read_without_its_data() {
    let record = full();
    let whole = write(&record, None);
    let length = length_without_data(&whole[..HEAD]).unwrap();
    assert_eq!(length, whole.len() - record.data.len());
    let expected = changed!(record, data = "{}".into());
    for end in [length, length + 1, whole.len()] {
        assert_eq!(read_without_data(&whole[..end]), Some(expected.clone()));
    }
    assert_eq!(read_without_data(&whole[..length - 1]), None);
    assert_eq!(length_without_data(&whole[..HEAD - 1]), None);
}

#[test]
fn fields_of_a_later_version_are_passed_over() {
    let record = full();
    let mut bytes = write(&record, None);
    let data = bytes.len() - record.data.len();
    bytes.splice(data..data, *b"tomorrow");
    bytes.splice(HEAD - 10..HEAD, *b"0000000008");
    assert_eq!(read(&bytes), Some(record));
    assert_eq!(read(&bytes[..data + 7]), None);
}

#[test]
fn moments_have_nineteen_digits_that_sort() {
    let texts = [
        Moment::FIRST,
        Moment::UNIX_EPOCH,
        moment_at(0),
        Moment::LAST,
    ]
    .map(moment);
    assert!(texts.is_sorted() && &*texts[0] > UNLISTED);
    assert!(texts.iter().all(|text| text.len() == 19));
    assert_eq!(read_moment(&texts[2]), Some(moment_at(0)));
}

#[test]
fn redis_frees_nothing_before_its_end() {
    let moment = moment_at(0);
    let millis = to_micros(moment) / 1_000;
    assert_eq!(ceiling(moment), millis);
    assert_eq!(ceiling(moment + time::Duration::MICROSECOND), millis + 1);
    assert_eq!(ceiling(Moment::UNIX_EPOCH), 1);
}
