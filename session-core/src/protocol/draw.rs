use crate::port::plain_id::PlainId;
use crate::{EntropyError, Id, IdForm, Policy, Revision, SessionError};

/// Draws an id and a revision at once, since each draw is a call of the system.
pub(crate) fn draw(policy: &Policy) -> Result<(Id, Revision), SessionError> {
    match policy.id_form {
        IdForm::Hashed => {
            let (id, revision) = draw_both::<{ Id::BYTES }, { Id::BYTES + 8 }>(policy)?;
            Ok((Id::from_bytes(id), revision))
        }
        IdForm::Plain => {
            for _ in 0..TRIES {
                let (id, revision) =
                    draw_both::<{ PlainId::RANDOM }, { PlainId::RANDOM + 8 }>(policy)?;
                if let Some(id) = PlainId::draw(&id) {
                    return Ok((Id::from_plain(id), revision));
                }
            }
            let reason = "its bytes are not random, since hardly one of them can be used";
            Err(EntropyError(reason.into()).into())
        }
    }
}

fn draw_both<const N: usize, const ALL: usize>(
    policy: &Policy,
) -> Result<([u8; N], Revision), SessionError> {
    let bytes: [u8; ALL] = policy.random()?;
    let (id, revision) = bytes
        .split_first_chunk()
        .expect("an id and a revision begin with an id");
    let revision = revision.try_into().expect("the rest is a revision");
    Ok((*id, Revision::from_random(revision)))
}

/// How often bytes are drawn for a plain id. Random ones serve at the first try, but for one in 10^29.
const TRIES: u32 = 4;
