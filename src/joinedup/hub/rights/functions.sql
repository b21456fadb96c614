-- Whom the connection acts for: 0 for nobody, NULL for every organisation (acting.py sets it).
CREATE OR REPLACE FUNCTION joinedup_organisation() RETURNS bigint
  LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT CASE coalesce(current_setting('joinedup.organisation', true), '')
    WHEN '' THEN 0 WHEN 'every' THEN NULL
    ELSE current_setting('joinedup.organisation')::bigint END
$$;
CREATE OR REPLACE FUNCTION joinedup_every() RETURNS boolean
  LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT coalesce(current_setting('joinedup.organisation', true), '') = 'every'
$$;

-- The rest run with the rights of the tables' owner: a policy that asked another table's policy,
-- which asks the first, would never end.

-- A search of the organisation that asks.
CREATE OR REPLACE FUNCTION joinedup_searches(search uuid) RETURNS boolean
  LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  RETURN EXISTS (SELECT 1 FROM discovery_search s
                 WHERE s.id = search AND s.organisation_id = joinedup_organisation());
END $$;

-- A search in which the organisation that asks is asked for something.
CREATE OR REPLACE FUNCTION joinedup_is_asked(search uuid) RETURNS boolean
  LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  RETURN EXISTS (SELECT 1 FROM discovery_workitem w
                 WHERE w.search_id = search AND w.custodian_id = joinedup_organisation());
END $$;

-- A child for whom the organisation that asks has made a search. Whether it is still open, and what
-- of it may be told, is the policy's to say; this is about nobody whom it never searched for.
CREATE INDEX IF NOT EXISTS searches_for_a_child ON discovery_search (organisation_id, sui);
CREATE OR REPLACE FUNCTION joinedup_searched_for(child text) RETURNS boolean
  LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  RETURN EXISTS (SELECT 1 FROM discovery_search s
                 WHERE s.organisation_id = joinedup_organisation() AND s.sui = child);
END $$;

-- A work item of the organisation that asks, or of a search of its own.
CREATE OR REPLACE FUNCTION joinedup_may_see_item(item uuid) RETURNS boolean
  LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  RETURN EXISTS (SELECT 1 FROM discovery_workitem w
                 WHERE w.id = item AND (w.custodian_id = joinedup_organisation()
                                        OR joinedup_searches(w.search_id)));
END $$;

-- Which of these custodians have work to do: polls are asked together, for many at once, and learn
-- nothing else (hub/discovery/polls.py).
CREATE OR REPLACE FUNCTION joinedup_have_work(custodians bigint[], at timestamptz)
  RETURNS bigint[] LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  RETURN ARRAY(
    SELECT asking FROM unnest(custodians) AS asking WHERE EXISTS (
      SELECT 1 FROM discovery_workitem
      WHERE custodian_id = asking AND answered_at IS NULL AND expires_at > at
        AND visible_at <= at));
END $$;
