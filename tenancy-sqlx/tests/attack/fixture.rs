//! A schema with what makes rows hard to invent: enums, domains, generated columns, composite and
//! partial keys, rows that must refer to rows of their own table, checks over several columns, partitions by range and by hash, a shared table, a view.

use sqlx::postgres::PgConnectOptions;
use tenancy_sqlx::SealKey;
use tenancy_sqlx::testing::Target;

use crate::kit::{Place, place};

const SCHEMA: &str = "
    CREATE SCHEMA shop AUTHORIZATION app_owner;
    GRANT USAGE ON SCHEMA shop TO app_rw;
    SET ROLE app_owner;
    CREATE TABLE shop.tenants (id uuid PRIMARY KEY, name text NOT NULL);
    CREATE TYPE shop.mood AS ENUM ('calm', 'cross');
    CREATE DOMAIN shop.address AS text CHECK (VALUE ~ '^[^@]+@[^@]+$');
    CREATE TABLE shop.currencies (code text PRIMARY KEY CHECK (code ~ '^[A-Z]{3}$'));
    COMMENT ON TABLE shop.currencies IS 'tenancy: shared, the codes that there are';
    INSERT INTO shop.currencies VALUES ('EUR'), ('USD');
    CREATE TABLE shop.customers (
        tenant_id uuid NOT NULL REFERENCES shop.tenants,
        id bigint GENERATED ALWAYS AS IDENTITY,
        email shop.address NOT NULL,
        nick varchar(8) NOT NULL,
        mood shop.mood NOT NULL,
        joined date NOT NULL CHECK (joined < '2021-01-01'),
        left_on date,
        email_domain text GENERATED ALWAYS AS (split_part(email, '@', 2)) STORED,
        tags text[] NOT NULL,
        PRIMARY KEY (tenant_id, id),
        UNIQUE (tenant_id, email),
        CHECK (left_on IS NULL OR left_on > joined)
    );
    CREATE UNIQUE INDEX one_nick ON shop.customers (tenant_id, lower(nick)) WHERE left_on IS NULL;
    CREATE TABLE shop.orders (
        tenant_id uuid NOT NULL,
        number integer NOT NULL CHECK (number BETWEEN 1 AND 99999),
        customer bigint NOT NULL,
        currency text NOT NULL REFERENCES shop.currencies,
        cents bigint NOT NULL CHECK (cents > 0),
        state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'paid', 'gone')),
        paid_at timestamptz,
        previous integer,
        code text NOT NULL CHECK (length(code) = 12),
        mac bytea NOT NULL CHECK (length(mac) = 32),
        net bigint GENERATED ALWAYS AS (cents * 100 / 119) STORED,
        PRIMARY KEY (tenant_id, number),
        FOREIGN KEY (tenant_id, customer) REFERENCES shop.customers (tenant_id, id),
        FOREIGN KEY (tenant_id, previous) REFERENCES shop.orders (tenant_id, number),
        CHECK ((state = 'paid') = (paid_at IS NOT NULL)),
        CHECK (net < cents)
    );
    CREATE TABLE shop.visits (
        tenant_id uuid NOT NULL,
        at timestamptz NOT NULL,
        page text NOT NULL,
        PRIMARY KEY (tenant_id, at)
    ) PARTITION BY RANGE (at);
    CREATE TABLE shop.visits_old PARTITION OF shop.visits FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
    CREATE TABLE shop.visits_new PARTITION OF shop.visits FOR VALUES FROM ('2021-01-01') TO ('2030-01-01');
    CREATE TABLE shop.clicks (
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        took interval NOT NULL,
        PRIMARY KEY (tenant_id, id)
    ) PARTITION BY HASH (tenant_id);
    CREATE TABLE shop.clicks_0 PARTITION OF shop.clicks FOR VALUES WITH (MODULUS 2, REMAINDER 0);
    CREATE TABLE shop.clicks_1 PARTITION OF shop.clicks FOR VALUES WITH (MODULUS 2, REMAINDER 1);
    CREATE TABLE shop.log (
        tenant_id uuid NOT NULL,
        id serial,
        what jsonb NOT NULL CHECK (jsonb_typeof(what) = 'object'),
        PRIMARY KEY (tenant_id, id)
    );
    GRANT USAGE ON SEQUENCE shop.log_id_seq TO app_rw;
    CREATE TABLE shop.places (
        tenant_id uuid NOT NULL,
        id bigint GENERATED ALWAYS AS IDENTITY,
        within bigint NOT NULL,
        main boolean NOT NULL DEFAULT true,
        PRIMARY KEY (tenant_id, id),
        FOREIGN KEY (tenant_id, within) REFERENCES shop.places (tenant_id, id)
    );
    CREATE UNIQUE INDEX one_main ON shop.places (tenant_id, main) WHERE main;
    CREATE VIEW shop.nicks WITH (security_invoker = true) AS SELECT tenant_id, nick FROM shop.customers;
    GRANT SELECT ON shop.nicks, shop.currencies TO app_rw;
    RESET ROLE;
    SELECT tenancy.protect('shop.customers'), tenancy.protect('shop.orders'), tenancy.protect('shop.visits'),
           tenancy.protect('shop.clicks'), tenancy.protect('shop.log'), tenancy.protect('shop.places');
    REVOKE UPDATE, DELETE ON shop.log FROM app_rw;";

/// A place with the schema in it.
pub(crate) async fn shop() -> Option<Place> {
    let place = place().await?;
    place.run(SCHEMA).await;
    Some(place)
}

/// The same, sealed.
pub(crate) async fn sealed_shop() -> Option<Place> {
    let shop = shop().await?;
    shop.seal(&SealKey::generate(1).expect("a key")).await;
    Some(shop)
}

/// What the suite is given.
pub(crate) fn target(place: &Place) -> Target {
    let admin: PgConnectOptions = place.server.admin();
    Target::new(place.login("app_rw"), admin)
}
