//! Fields whose type has changed: every form that is stored, and releases side by side on one store.
#![allow(clippy::unwrap_used)]

mod util;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use session_core::{Field, Session, SessionError, Still, ValueError, Was};
use util::World;

type Name = String;
type Lines = Vec<String>;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cart {
    lines: Vec<(String, u32)>,
    coupon: Option<String>,
}

fn upgrade(lines: Lines) -> Cart {
    Cart {
        lines: lines.into_iter().map(|name| (name, 1)).collect(),
        coupon: None,
    }
}

fn downgrade(cart: &Cart) -> Lines {
    let each = |(name, count): &(String, u32)| vec![name.clone(); *count as usize];
    cart.lines.iter().flat_map(each).collect()
}

// The releases of an application, in their order; and two with one more form in their past.
const BEFORE: Field<Lines> = Field::new("cart");
const FIRST: Field<Cart, Still<Lines>> = Field::new("cart").still::<Lines>(upgrade, downgrade);
const SECOND: Field<Cart, Was<Lines>> = Field::new("cart").was::<Lines>(upgrade);
const FIRST_OF_3: Field<Cart, Was<Name, Still<Lines>>> = FIRST.was::<Name>(|name| vec![name]);
const SECOND_OF_3: Field<Cart, Was<Name, Was<Lines>>> = SECOND.was::<Name>(|name| vec![name]);

/// A session with a stored value.
fn stored(world: &World, value: &Value) -> String {
    let begun = world.request("", 200, |s| s.insert("cart", value).unwrap());
    begun.id().unwrap()
}

fn value(world: &World, cookie: &str) -> Option<Value> {
    let data: Value = serde_json::from_str(&world.record(cookie).unwrap().data).unwrap();
    data.get("cart").cloned()
}

fn full(lines: &[(&str, u32)]) -> Value {
    json!({"lines": lines, "coupon": null})
}

#[test]
fn a_value_is_read_as_the_newest_form_that_it_has() {
    type Read = fn(&Session) -> Result<Option<Cart>, SessionError>;
    let two: [Read; 2] = [|s| FIRST.get(s), |s| SECOND.get(s)];
    let three: [Read; 2] = [|s| FIRST_OF_3.get(s), |s| SECOND_OF_3.get(s)];
    let tea = full(&[("tea", 1)]);
    // What is stored: what the fields with two forms read, and those with three; `null` is an error.
    for (text, by_two, by_three) in [
        (
            full(&[("tea", 2)]),
            full(&[("tea", 2)]),
            full(&[("tea", 2)]),
        ),
        (json!({"lines": []}), full(&[]), full(&[])),
        (json!(["tea"]), tea.clone(), tea.clone()),
        (json!([]), full(&[]), full(&[])),
        (json!("tea"), Value::Null, tea),
        (json!(7), Value::Null, Value::Null),
        (json!([1]), Value::Null, Value::Null),
        (json!({"lines": [], "gift": true}), Value::Null, Value::Null),
        (Value::Null, Value::Null, Value::Null),
    ] {
        let of_two = two.map(|read| (read, &by_two));
        let of_three = three.map(|read| (read, &by_three));
        for (read, expected) in of_two.into_iter().chain(of_three) {
            let world = World::new(|b| b);
            let cookie = stored(&world, &text);
            let seen = world.request(&cookie, 200, |s| match read(s) {
                Ok(found) => assert_eq!(json!(found.unwrap()), *expected, "{text}"),
                Err(SessionError::Value(ValueError::Decode { key })) => {
                    assert_eq!((&*key, expected), ("cart", &Value::Null), "{text}");
                }
                Err(other) => panic!("{text}: {other}"),
            });
            // Reading writes nothing, and what can't be read stays.
            assert_eq!(seen.calls, ["load"], "{text}");
            assert_eq!(value(&world, &cookie), Some(text.clone()));
        }
    }
}

#[test]
fn a_write_stores_the_form_of_its_release() {
    type Act = fn(&Session) -> Result<(), SessionError>;
    fn tea() -> Cart {
        upgrade(vec!["tea".into()])
    }
    fn add(cart: Option<Cart>) -> Cart {
        let mut cart = cart.unwrap_or_else(|| upgrade(vec![]));
        cart.lines.push(("tea".into(), 1));
        cart
    }
    let (old, new) = (json!(["cup"]), full(&[("cup", 1)]));
    let (both_old, both_new) = (json!(["cup", "tea"]), full(&[("cup", 1), ("tea", 1)]));
    let (tea_old, tea_new) = (json!(["tea"]), full(&[("tea", 1)]));
    let none = Value::Null;
    let rows: &[(&str, Act, [&Value; 3])] = &[
        // Stored afterwards where there was: nothing, the old form, the new form.
        (
            "insert",
            |s| FIRST.insert(s, tea()),
            [&tea_old, &tea_old, &tea_new],
        ),
        (
            "insert",
            |s| FIRST_OF_3.insert(s, tea()),
            [&tea_old, &tea_old, &tea_new],
        ),
        ("insert", |s| SECOND.insert(s, tea()), [&tea_new; 3]),
        ("insert", |s| SECOND_OF_3.insert(s, tea()), [&tea_new; 3]),
        (
            "update",
            |s| FIRST.update(s, add).map(drop),
            [&tea_old, &both_old, &both_new],
        ),
        (
            "update",
            |s| SECOND.update(s, add).map(drop),
            [&tea_new, &both_new, &both_new],
        ),
        (
            "default",
            |s| FIRST.get_or_insert_with(s, tea).map(drop),
            [&tea_old, &old, &new],
        ),
        (
            "default",
            |s| SECOND.get_or_insert_with(s, tea).map(drop),
            [&tea_new, &old, &new],
        ),
        ("take", |s| FIRST.take(s).map(drop), [&none; 3]),
        ("take", |s| SECOND.take(s).map(drop), [&none; 3]),
        ("remove", |s| SECOND.remove(s).map(drop), [&none; 3]),
    ];
    for (name, act, expected) in rows {
        for (present, expected) in [&none, &old, &new].into_iter().zip(expected) {
            let world = World::new(|b| b);
            let cookie = world.begin();
            world.request(&cookie, 200, |s| {
                if !present.is_null() {
                    s.insert("cart", present).unwrap();
                }
            });
            world.request(&cookie, 200, |s| act(s).unwrap());
            let found = value(&world, &cookie).unwrap_or_default();
            assert_eq!(found, **expected, "{name} on {present}");
        }
    }
}

#[test]
fn what_is_of_no_form_stays_whatever_a_handler_tries() {
    type Act = fn(&Session) -> bool;
    let tries: [Act; 3] = [
        |s| SECOND.update(s, Option::unwrap).is_err(),
        |s| SECOND.take(s).is_err(),
        |s| SECOND.get_or_insert_with(s, || upgrade(vec![])).is_err(),
    ];
    for fails in tries {
        let world = World::new(|b| b);
        let cookie = stored(&world, &json!(7));
        let seen = world.request(&cookie, 200, |s| {
            assert!(fails(s));
            s.insert("other", 1).unwrap();
        });
        assert_eq!(seen.calls, ["load", "replace"]);
        assert_eq!(value(&world, &cookie), Some(json!(7)));
    }
}

/// One visitor's clicks, each served by one of two releases.
fn lines_after(order: &[fn(&Session, &'static str)]) -> Vec<String> {
    let world = World::new(|b| b);
    let cookie = world.begin();
    let names = ["tea", "cup", "pot", "jam"];
    for (click, name) in order.iter().zip(names) {
        world.request(&cookie, 200, |s| click(s, name));
    }
    let mut lines = Vec::new();
    world.request(&cookie, 200, |s| {
        lines = downgrade(&SECOND.get(s).unwrap().unwrap());
    });
    lines
}

fn before(s: &Session, name: &'static str) {
    let add = move |lines: Option<Lines>| [lines.unwrap_or_default(), vec![name.into()]].concat();
    BEFORE.update(s, add).unwrap();
}

fn added(name: &'static str) -> impl Fn(Option<Cart>) -> Cart + Send + Sync {
    move |cart| {
        let mut cart = cart.unwrap_or_else(|| upgrade(vec![]));
        cart.lines.push((name.into(), 1));
        cart
    }
}

fn first(s: &Session, name: &'static str) {
    FIRST.update(s, added(name)).unwrap();
}

fn second(s: &Session, name: &'static str) {
    SECOND.update(s, added(name)).unwrap();
}

#[test]
fn two_releases_on_one_store_lose_nothing_in_either_order() {
    for (old, new) in [(before as fn(&_, _), first as fn(&_, _)), (first, second)] {
        for order in [
            [old, new, old, new],
            [new, old, new, old],
            [new, new, old, old],
        ] {
            assert_eq!(lines_after(&order), ["tea", "cup", "pot", "jam"]);
        }
    }
}

#[test]
fn a_form_with_a_name_of_its_own_takes_what_the_old_one_leaves() {
    const NAMED: Field<Cart> = Field::new("cart-2");
    fn named(s: &Session, name: &'static str) {
        if let Some(old) = BEFORE.take(s).unwrap() {
            let merge = move |cart: Option<Cart>| {
                let mut cart = cart.unwrap_or_else(|| upgrade(vec![]));
                cart.lines.extend(upgrade(old.clone()).lines);
                cart
            };
            NAMED.update(s, merge).unwrap();
        }
        NAMED.update(s, added(name)).unwrap();
    }
    for order in [
        [before, named, before, named],
        [named, before, before, named],
    ] {
        let world = World::new(|b| b);
        let cookie = world.begin();
        for (click, name) in order.iter().zip(["tea", "cup", "pot", "jam"]) {
            world.request(&cookie, 200, |s| click(s, name));
        }
        world.request(&cookie, 200, |s| {
            let cart = NAMED.get(s).unwrap().unwrap();
            assert_eq!(downgrade(&cart), ["tea", "cup", "pot", "jam"]);
        });
    }
}

#[test]
fn what_the_old_form_cannot_hold_survives_the_second_deploy() {
    let world = World::new(|b| b);
    let cookie = world.begin();
    let coupon = || Cart {
        coupon: Some("X".into()),
        ..upgrade(vec![])
    };
    world.request(&cookie, 200, |s| SECOND.insert(s, coupon()).unwrap());
    world.request(&cookie, 200, |s| first(s, "tea"));
    world.request(&cookie, 200, |s| {
        let cart = SECOND.get(s).unwrap().unwrap();
        assert_eq!((cart.coupon.as_deref(), cart.lines.len()), (Some("X"), 1));
    });
}

#[test]
fn an_update_that_is_run_again_finds_the_form_of_the_other_release() {
    let clicks: [fn(&Session, &'static str); 3] = [before, first, second];
    for (slow, fast) in [(0, 1), (1, 0), (1, 2), (2, 1), (1, 1), (2, 2)] {
        let world = World::new(|b| b);
        let cookie = stored(&world, &json!(["pot"]));
        let opened = world.open(&cookie);
        clicks[slow](opened.session(), "tea");
        world.request(&cookie, 200, |s| clicks[fast](s, "cup"));
        world.finish(opened, 200);
        world.request(&cookie, 200, |s| {
            let cart = SECOND.get(s).unwrap().unwrap();
            assert_eq!(downgrade(&cart), ["pot", "cup", "tea"], "{slow} {fast}");
        });
    }
}

#[test]
fn a_take_of_an_old_form_is_exact_too() {
    let world = World::new(|b| b);
    let cookie = stored(&world, &json!(["tea"]));
    let opened = world.open(&cookie);
    assert!(SECOND.take(opened.session()).unwrap().is_some());
    world.request(&cookie, 200, |s| assert!(FIRST.take(s).unwrap().is_some()));
    let step = opened.finish(200, world.now()).unwrap();
    let failed = world.try_drive(step).unwrap_err();
    assert!(matches!(failed.error(), SessionError::Conflict { key } if key == "cart"));
}

#[test]
fn a_field_without_a_past_is_a_name() {
    assert_eq!(size_of::<Field<Cart>>(), size_of::<&str>());
    assert_eq!(format!("{SECOND:?}"), "Field(\"cart\")");
    assert_eq!(SECOND.key(), "cart");
}

#[test]
fn a_field_with_a_past_can_be_made_while_a_program_runs() {
    let names: [&'static str; 2] = ["cart", "basket"];
    for name in names {
        let first = Field::<Cart>::new(name).still::<Lines>(upgrade, downgrade);
        let second = Field::<Cart>::new(name).was::<Lines>(upgrade);
        let world = World::new(|policy| policy);
        let begun = world.request("", 200, |session| {
            first.insert(session, upgrade(vec!["tea".into()])).unwrap();
            assert_eq!(session.get::<Lines>(name).unwrap().unwrap(), ["tea"]);
            assert_eq!(second.get(session).unwrap(), first.get(session).unwrap());
        });
        assert!(begun.id().is_some(), "{name}");
        assert_eq!((first.key(), second.key()), (name, name));
    }
}
