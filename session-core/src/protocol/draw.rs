use crate::port::plain_id::PlainId;
use crate::{EntropyError, Id, IdForm, Policy, Revision, Salt, SessionError};

/// What a new session is made of, drawn at once, since each draw is a call of the system.
pub(crate) struct Drawn {
    pub(crate) id: Id,
    pub(crate) revision: Revision,
    /// That of the session before it, if a sign-in closes that one.
    pub(crate) closing: Revision,
}

/// Draws a new session's id and revisions.
pub(crate) fn draw(policy: &Policy) -> Result<Drawn, SessionError> {
    match policy.id_form {
        IdForm::Hashed => {
            let (id, revisions) = draw_all::<{ Id::BYTES }, { Id::BYTES + 16 }>(policy)?;
            Ok(Drawn::new(Id::from_bytes(id), revisions))
        }
        IdForm::Plain => {
            for _ in 0..TRIES {
                let (id, revisions) =
                    draw_all::<{ PlainId::RANDOM }, { PlainId::RANDOM + 16 }>(policy)?;
                if let Some(id) = PlainId::draw(&id) {
                    return Ok(Drawn::new(Id::from_plain(id), revisions));
                }
            }
            let reason = "its bytes are not random, since hardly one of them can be used";
            Err(EntropyError(reason.into()).into())
        }
    }
}

/// Draws the salt of a rotation, and a revision.
pub(crate) fn draw_salt(policy: &Policy) -> Result<(Salt, Revision), SessionError> {
    let (salt, [revision, _]) = draw_all::<16, 32>(policy)?;
    Ok((Salt::new(salt), revision))
}

fn draw_all<const N: usize, const ALL: usize>(
    policy: &Policy,
) -> Result<([u8; N], [Revision; 2]), SessionError> {
    const { assert!(N + 16 == ALL) };
    let bytes: [u8; ALL] = policy.random()?;
    let mut first = [0; N];
    first.copy_from_slice(&bytes[..N]);
    let revisions = [N, N + 8].map(|start| {
        let mut eight = [0; 8];
        eight.copy_from_slice(&bytes[start..start + 8]);
        Revision::from_random(eight)
    });
    Ok((first, revisions))
}

impl Drawn {
    fn new(id: Id, [revision, closing]: [Revision; 2]) -> Self {
        Self {
            id,
            revision,
            closing,
        }
    }
}

/// How often bytes are drawn for a plain id. Random ones serve at the first try, but for one in 10^29.
const TRIES: u32 = 4;
