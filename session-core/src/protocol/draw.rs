use crate::port::plain_id::PlainId;
use crate::{Id, IdForm, Policy, Revision, SessionError};

/// Draws an id and a revision at once, since each draw is a call of the system.
pub(crate) fn draw(policy: &Policy) -> Result<(Id, Revision), SessionError> {
    match policy.id_form {
        IdForm::Hashed => {
            let (id, revision) = draw_both::<{ Id::BYTES }, { Id::BYTES + 8 }>(policy)?;
            Ok((Id::from_bytes(id), revision))
        }
        IdForm::Plain => loop {
            let (id, revision) = draw_both::<{ PlainId::RANDOM }, { PlainId::RANDOM + 8 }>(policy)?;
            if let Some(id) = PlainId::draw(&id) {
                return Ok((Id::from_plain(id), revision));
            }
        },
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
