//! Cookies with sealed sessions: what was changed opens nothing, whatever else the browser sends.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use session_core::{ManualClock, Policy, Sealed, SealingKeys, Sessions};
use session_testkit::moment_at;
use sha2::Sha256;

use crate::{Draw, Enclosed, sealed_text};

/// What a request sees of its session: the owner, and the value of `k`.
type Seen = (Option<String>, Option<String>);

/// Seals drawn sessions, damages the cookies, forges others with the key, and opens them.
pub fn sealed_cookie(bytes: &[u8]) {
    let mut draw = Draw::new(bytes);
    let sessions = sessions("sid", &[KEY]);
    if draw.one_in(3) {
        return forged(&sessions, &mut draw);
    }
    let (value, owner) = (
        draw.text(300),
        draw.one_in(2)
            .then(|| draw.name())
            .filter(|name| is_owner(name)),
    );
    let cookie = begin(&sessions, &value, owner.as_deref());
    let genuine: Seen = (owner, Some(value));
    assert_eq!(seen(&sessions, "sid", &cookie), genuine);
    // A key that is out of use still opens, and the name is a part of it.
    assert_eq!(
        seen(&self::sessions("sid", &[OTHER, KEY]), "sid", &cookie),
        genuine
    );
    assert_eq!(
        seen(&self::sessions("sid", &[OTHER]), "sid", &cookie),
        NOTHING
    );
    assert_eq!(
        seen(&self::sessions("sib", &[KEY]), "sib", &cookie),
        NOTHING
    );
    let mut damaged = cookie.clone().into_bytes();
    draw.damage(&mut damaged);
    let [semicolon, quote] = [b';', b'"'].map(|byte| damaged.contains(&byte));
    // Spaces and quotes around a value are no part of it, and a semicolon begins another cookie.
    let is_other = damaged.trim_ascii() != cookie.as_bytes();
    if is_other && !semicolon && !quote {
        let shown = seen_bytes(&sessions, "sid", &damaged);
        assert_eq!(shown, NOTHING, "{}", String::from_utf8_lossy(&damaged));
    }
}

/// Says whether a session can have such an owner.
fn is_owner(name: &str) -> bool {
    (1..=255).contains(&name.len())
}

/// Opens what only the holder of a key can have made; it is the session that its text says, or none.
fn forged(sessions: &Sessions, draw: &mut Draw<'_>) {
    let mut text = if draw.one_in(6) {
        draw.bytes(400)
    } else {
        let (record, epoch) = (draw.record(), 0);
        sealed_text::write(&Enclosed { record, epoch })
    };
    if draw.one_in(2) {
        draw.damage(&mut text);
    }
    // What was not damaged opens, so that the rest is refused for what was done to it.
    let genuine =
        session_testkit::changed!(session_testkit::record_of(1), owner = Some("ada".into()));
    let genuine = sealed_text::write(&Enclosed {
        record: genuine,
        epoch: 0,
    });
    let (owner, _) = seen(sessions, "sid", &seal("sid", KEY, draw.array(), &genuine));
    assert_eq!(owner.as_deref(), Some("ada"));
    let cookie = seal("sid", KEY, draw.array(), &text);
    let shown = seen(sessions, "sid", &cookie);
    let Some(Enclosed { record, .. }) = sealed_text::read(&text) else {
        assert_eq!(shown, NOTHING);
        return;
    };
    let is_over = record.expires <= moment_at(0);
    if is_over {
        assert_eq!(shown, NOTHING);
    }
    let (owner, _) = shown;
    assert!(owner.is_none() || owner.as_deref() == record.owner.as_deref());
}

/// Seals as the documents say, with no code of the core's.
fn seal(name: &str, key: &str, nonce: [u8; 24], text: &[u8]) -> String {
    let mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key.as_bytes());
    let mac = mac.expect("a key of any length is one");
    let key: [u8; 32] = mac
        .chain_update(b"session, sealed, 1")
        .finalize()
        .into_bytes()
        .into();
    let aad = [b"session, sealed, 1\0", name.as_bytes()].concat();
    let payload = Payload {
        msg: text,
        aad: &aad,
    };
    let cipher = XChaCha20Poly1305::new(&key.into());
    let sealed = cipher.encrypt(&XNonce::from(nonce), payload);
    URL_SAFE_NO_PAD.encode([&nonce[..], &sealed.expect("it is short")].concat())
}

fn sessions(name: &str, keys: &[&str]) -> Sessions {
    let clock = ManualClock::new(moment_at(0));
    let policy = Policy::builder().cookie_name(name).clock(clock);
    let policy = policy.build().expect("the names are good");
    let mut ring = SealingKeys::new(keys[0]).expect("it is long");
    for key in &keys[1..] {
        ring = ring.open_also(key).expect("it is long");
    }
    Sessions::sealed(policy, Sealed::by(ring))
}

fn begin(sessions: &Sessions, value: &str, owner: Option<&str>) -> String {
    let request = sessions.open([]);
    let committed = pollster::block_on(async {
        let session = request.handle().load().await?;
        session.insert("k", value)?;
        if let Some(owner) = owner {
            session.sign_in(owner)?;
        }
        drop(session);
        request
            .commit(200)
            .await
            .map_err(|failed| failed.into_parts().0)
    });
    let reply = committed.expect("it is small");
    let set = reply.set_cookie().expect("a session has begun");
    let (pair, _) = set.split_once(';').expect("it has attributes");
    pair.split_once('=').expect("it has a name").1.to_owned()
}

fn seen(sessions: &Sessions, name: &str, value: &str) -> Seen {
    seen_bytes(sessions, name, value.as_bytes())
}

fn seen_bytes(sessions: &Sessions, name: &str, value: &[u8]) -> Seen {
    let header = [name.as_bytes(), b"=", value].concat();
    let request = sessions.open([&*header]);
    pollster::block_on(async {
        let session = request.handle().load().await.expect("nothing can fail");
        let owner = session.owner().map(|owner| owner.to_string());
        (owner, session.get("k").unwrap_or_default())
    })
}

const NOTHING: Seen = (None, None);

const KEY: &str = "a secret of 32 characters or more";
const OTHER: &str = "another one, which is long enough";
