//! Every page in every state that it has.

mod analysis;
mod operator;
mod workspace;

use tests::World;

use super::checks::Eye;
use super::chromium::Browser;

/// What people may be called: markup, quotes and another direction, a word without an end, and German.
const HOSTILE: [&str; 4] = [
    "<script>alert(1)</script>",
    "\"Quoted\" & 'sons' \u{202e}reversed\u{202c} \u{5d7}\u{5d1}\u{5e8}\u{5d4} \u{634}\u{631}\u{643}\u{629}",
    "Wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww\
     wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww\
     wwwwwwwwwwwwwwwwwwww",
    "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichenhersteller und Rechtsschutzversicherungsgesellschaften GmbH",
];

/// Opens and looks at pages of one address.
async fn look(browser: &Browser, eye: &Eye, pages: &[(&str, &str)]) {
    for (path, name) in pages {
        browser.open(path).await;
        eye.look(name).await;
    }
}

/// Runs SQL that a test needs and the platform does not offer.
async fn as_admin(world: &World, sql: &'static str) {
    sqlx::query(sql).execute(&mut world.admin().await).await.expect("the superuser may");
}
