//! `cargo run -p cookbook RECIPE` serves a recipe on 127.0.0.1:3000, or on the port that `PORT` names.

use std::env;

use actix_web::web::{Data, ServiceConfig};
use actix_web::{App, HttpServer};
use axum::BoxError;
use cookbook::accounts::Accounts;
use cookbook::admins::{Admins, both};
use cookbook::carts::Carts;
use cookbook::{
    OTHERS, RECIPES, admin_actix, admin_rocket, devices_actix, devices_rocket, guest_actix,
    guest_rocket, shop_actix, shop_rocket, sudo_actix, sudo_rocket,
};
use rocket::{Build, Rocket};
use session_core::{Policy, Sessions};
use session_store::MemoryStore;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let name = env::args().nth(1).unwrap_or_default();
    if let Some((_, app)) = RECIPES.iter().find(|(recipe, _)| *recipe == name) {
        let listener = TcpListener::bind(("127.0.0.1", port()?)).await?;
        println!("listening on http://{}", listener.local_addr()?);
        return Ok(axum::serve(listener, app()?).await?);
    }
    let sessions = Sessions::new(Policy::development(), MemoryStore::new());
    let accounts = Accounts::new()?;
    // The workers of actix-web share it.
    let shared = Data::new(accounts.clone());
    match &*name {
        "admin-actix" => {
            let area = admin_actix::area(both()?, Admins::new()?)?;
            on_actix(move |app| area.clone().routes(app)).await
        }
        "admin-rocket" => on_rocket(admin_rocket::rocket(both()?, Admins::new()?)?).await,
        "devices-actix" => {
            let routes = devices_actix::routes;
            on_actix(move |app| routes(sessions.clone(), shared.clone(), app)).await
        }
        "devices-rocket" => on_rocket(devices_rocket::rocket(sessions, accounts)).await,
        "guest-actix" => {
            let (routes, carts) = (guest_actix::routes, Data::new(Carts::default()));
            on_actix(move |app| routes(sessions.clone(), shared.clone(), carts.clone(), app)).await
        }
        "guest-rocket" => on_rocket(guest_rocket::rocket(sessions, accounts)).await,
        "shop-actix" => {
            let shop = shop_actix::shop()?;
            on_actix(move |app| shop.clone().routes(app)).await
        }
        "shop-rocket" => on_rocket(shop_rocket::rocket()?).await,
        "sudo-actix" => {
            let routes = sudo_actix::routes;
            on_actix(move |app| routes(sessions.clone(), shared.clone(), app)).await
        }
        "sudo-rocket" => on_rocket(sudo_rocket::rocket(sessions, accounts)).await,
        _ => {
            let names: Vec<&str> = RECIPES.iter().map(|(name, _)| *name).collect();
            let names = [&names, OTHERS].concat();
            Err(format!("recipes: {}", names.join(", ")).into())
        }
    }
}

fn port() -> Result<u16, BoxError> {
    Ok(env::var("PORT").map_or(Ok(3000), |port| port.parse())?)
}

async fn on_actix(
    routes: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
) -> Result<(), BoxError> {
    let server = HttpServer::new(move || App::new().configure(&routes)).workers(1);
    let server = server.bind(("127.0.0.1", port()?))?;
    println!("listening on http://{}", server.addrs()[0]);
    Ok(server.run().await?)
}

async fn on_rocket(rocket: Rocket<Build>) -> Result<(), BoxError> {
    let figment = rocket::Config::figment().merge(("port", port()?));
    rocket.configure(figment).launch().await?;
    Ok(())
}
