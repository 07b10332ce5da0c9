-- The roles of the cluster: names and what they may. Run at every start, makes what is missing.
-- Tables and grants are the migrations' business; these roles belong to no database.

-- Programs and operators sign in; Supabase's three only lend their rights.
SELECT format('CREATE ROLE %I LOGIN', name)
FROM unnest(ARRAY['colis_owner', 'colis_projector', 'colis_relay', 'colis_query', 'colis_notifier', 'colis_payments', 'colis_redrive']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec
SELECT format('CREATE ROLE %I NOLOGIN NOINHERIT', name)
FROM unnest(ARRAY['anon', 'authenticated', 'service_role']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec

-- Row-level security binds who reads for a caller (query); the others see all rows of what they are granted.
ALTER ROLE colis_owner CREATEDB BYPASSRLS PASSWORD :'colis_owner';
ALTER ROLE colis_projector NOBYPASSRLS PASSWORD :'colis_projector';
ALTER ROLE colis_relay NOBYPASSRLS PASSWORD :'colis_relay';
ALTER ROLE colis_query PASSWORD :'colis_query';
ALTER ROLE colis_notifier NOBYPASSRLS PASSWORD :'colis_notifier';
ALTER ROLE colis_payments NOBYPASSRLS PASSWORD :'colis_payments';
ALTER ROLE colis_redrive NOBYPASSRLS PASSWORD :'colis_redrive';
ALTER ROLE service_role BYPASSRLS;

GRANT authenticated TO colis_query;
-- The owner acts as any of them in tests, and ends their sessions when it drops a database.
GRANT colis_projector, colis_relay, colis_query, colis_notifier, colis_payments, colis_redrive TO colis_owner;
GRANT anon, authenticated, service_role, pg_signal_backend TO colis_owner;
