-- What each login proved last, so that a program that starts can say whether the database is still the one
-- that was proved. It is a record and no authority: nobody serves because of it, everybody proves again.
CREATE TABLE tenancy.proofs (
    role name PRIMARY KEY,
    fingerprint text NOT NULL CHECK (fingerprint ~ '^[0-9a-f]{64}$'),
    verdict text NOT NULL CHECK (verdict IN ('pass', 'warn', 'refuse')),
    proved_at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE tenancy.proofs OWNER TO app_keeper;
REVOKE ALL ON tenancy.proofs FROM PUBLIC;

-- Puts down what the login of this session has proved, and answers what it had before. One row a login.
CREATE FUNCTION tenancy.record_proof(fingerprint text, verdict text)
    RETURNS TABLE (before text, before_at timestamptz)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY SELECT p.fingerprint, p.proved_at FROM tenancy.proofs p WHERE p.role = session_user;
    INSERT INTO tenancy.proofs AS p (role, fingerprint, verdict)
    VALUES (session_user, record_proof.fingerprint, record_proof.verdict)
    ON CONFLICT (role) DO UPDATE
        SET fingerprint = excluded.fingerprint, verdict = excluded.verdict, proved_at = now();
END $$;
ALTER FUNCTION tenancy.record_proof(text, text) OWNER TO app_keeper;
REVOKE EXECUTE ON FUNCTION tenancy.record_proof(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenancy.record_proof(text, text) TO app_rw;
