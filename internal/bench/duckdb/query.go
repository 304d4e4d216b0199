package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// comparison is two files and what of them is compared.
type comparison struct {
	query        string
	keys         []string
	number, text string
	left, right  string
}

// The queries that classify; all give the same breaks. Each is a way a person might write it: aggregate both sides and join
// them, or aggregate both sides at once.
var queries = map[string]string{"group": group, "union": union, "lean": lean, "hashed": hashed}

func names() []string { return slices.Sorted(maps.Keys(queries)) }

// bare joins the rows and counts what differs. It is not a comparison: where a key is doubled it counts pairs, and it names
// nothing.
const bare = `
SELECT count(*) FILTER (l.{number} IS NULL OR r.{number} IS NULL OR l.{number} <> r.{number} OR l.{text} <> r.{text}), ''
FROM {left} l FULL OUTER JOIN {right} r ON {on}`

const group = `
WITH
l AS (SELECT {keys}, count(*) AS n, sum({number}) AS a, any_value({text}) AS t FROM {left} GROUP BY {keys}),
r AS (SELECT {keys}, count(*) AS n, sum({number}) AS a, any_value({text}) AS t FROM {right} GROUP BY {keys}),
g AS (
  SELECT {either}, l.n AS ln, r.n AS rn, l.a AS la, r.a AS ra, l.t AS lt, r.t AS rt
  FROM l FULL OUTER JOIN r ON {on}
  WHERE (l.n = 1 AND r.n = 1 AND l.a = r.a AND l.t = r.t) IS NOT TRUE
)` + breaks

const union = `
WITH
u AS (
  SELECT {keys}, {number} AS la, NULL::BIGINT AS ra, {text} AS lt, NULL::VARCHAR AS rt FROM {left}
  UNION ALL
  SELECT {keys}, NULL, {number}, NULL, {text} FROM {right}
),
g AS (
  SELECT {keys}, count(la) AS ln, count(ra) AS rn, sum(la) AS la, sum(ra) AS ra, any_value(lt) AS lt, any_value(rt) AS rt
  FROM u GROUP BY {keys}
  HAVING (count(la) = 1 AND count(ra) = 1 AND sum(la) = sum(ra) AND any_value(lt) = any_value(rt)) IS NOT TRUE
)` + breaks

// lean finds the keys that are not right with the cheapest aggregates, and reads both files again for the rows of those. It
// takes two texts of one 64-bit hash for equal.
const lean = `
WITH
u AS (
  SELECT {keys}, 1 AS side, {number} AS a, hash({text}) AS t FROM {left}
  UNION ALL
  SELECT {keys}, 2, {number}, hash({text}) FROM {right}
),
c AS MATERIALIZED (
  SELECT {keys} FROM u GROUP BY {keys}
  HAVING count(*) <> 2 OR bit_xor(side) <> 3 OR bit_xor(a) <> 0 OR bit_xor(t) <> 0
),` + again

// hashed takes a hash of 64 bits for the key too. It is the fastest, and not a comparison that may be trusted: two keys of one
// hash, one on each side, pass for a pair.
const hashed = `
WITH
u AS (
  SELECT hash({keys}) AS h, 1 AS side, {number} AS a, hash({text}) AS t FROM {left}
  UNION ALL
  SELECT hash({keys}), 2, {number}, hash({text}) FROM {right}
),
c AS MATERIALIZED (
  SELECT h FROM u GROUP BY h
  HAVING count(*) <> 2 OR bit_xor(side) <> 3 OR bit_xor(a) <> 0 OR bit_xor(t) <> 0
),
w AS (
  SELECT {keys}, {number} AS la, NULL::BIGINT AS ra, {text} AS lt, NULL::VARCHAR AS rt FROM {left} WHERE hash({keys}) IN (FROM c)
  UNION ALL
  SELECT {keys}, NULL, {number}, NULL, {text} FROM {right} WHERE hash({keys}) IN (FROM c)
),
g AS (
  SELECT {keys}, count(la) AS ln, count(ra) AS rn, sum(la) AS la, sum(ra) AS ra, any_value(lt) AS lt, any_value(rt) AS rt
  FROM w GROUP BY {keys}
  HAVING (count(la) = 1 AND count(ra) = 1 AND sum(la) = sum(ra) AND any_value(lt) = any_value(rt)) IS NOT TRUE
)` + breaks

const again = `
w AS (
  SELECT {keys}, {number} AS la, NULL::BIGINT AS ra, {text} AS lt, NULL::VARCHAR AS rt FROM {left} x
  WHERE EXISTS (FROM c WHERE {same})
  UNION ALL
  SELECT {keys}, NULL, {number}, NULL, {text} FROM {right} x WHERE EXISTS (FROM c WHERE {same})
),
g AS (
  SELECT {keys}, count(la) AS ln, count(ra) AS rn, sum(la) AS la, sum(ra) AS ra, any_value(lt) AS lt, any_value(rt) AS rt
  FROM w GROUP BY {keys}
)` + breaks

// breaks names every group that is not one row on each side with the same values, as a line, and adds up the hashes of the
// lines: the same lines in any order give the same sum. Rows without a key are one group, the values of doubled keys their sum.
const breaks = `,
b AS (
  SELECT {keys}, coalesce(sum(ln), 0) AS ln, coalesce(sum(rn), 0) AS rn, sum(la) AS la, sum(ra) AS ra, any_value(lt) AS lt, any_value(rt) AS rt
  FROM g GROUP BY {keys}
),
lines AS (
  SELECT concat_ws('|',
    CASE WHEN {keyless} THEN 'no key' WHEN ln > 1 OR rn > 1 THEN 'duplicate' WHEN rn = 0 THEN 'left only' WHEN ln = 0 THEN 'right only' ELSE 'different' END,
    ln, rn, coalesce(la, 0), coalesce(ra, 0),
    CASE WHEN {keyless} OR ln > 1 OR rn > 1 THEN '|' ELSE concat_ws('|', coalesce(lt, ''), coalesce(rt, '')) END,
    CASE WHEN {keyless} THEN '' ELSE concat_ws('|', {keys}) END) AS line
  FROM b
)
SELECT count(*), coalesce(sum(md5_number_lower(line)), 0)::VARCHAR FROM lines`

// sql fills a query in.
func (c comparison) sql() (string, error) {
	switch c.query {
	case "lists":
		return c.listed(lists), nil
	case "lists-lean":
		return c.listed(listsLean), nil
	}
	text, ok := queries[c.query]
	if c.query == "bare" {
		text, ok = bare, true
	}
	if !ok {
		return "", fmt.Errorf("query %q is none of bare, %s", c.query, strings.Join(names(), ", "))
	}
	left, err := scan(c.left, c.number)
	if err != nil {
		return "", err
	}
	right, err := scan(c.right, c.number)
	if err != nil {
		return "", err
	}
	return strings.NewReplacer(
		"{left}", left, "{right}", right, "{number}", c.number, "{text}", c.text, "{keys}", strings.Join(c.keys, ", "),
		"{on}", c.each(" AND ", "l.%[1]s = r.%[1]s"), "{either}", c.each(", ", "coalesce(l.%[1]s, r.%[1]s) AS %[1]s"),
		"{same}", c.each(" AND ", "c.%[1]s IS NOT DISTINCT FROM x.%[1]s"), "{keyless}", c.each(" OR ", "%s IS NULL"),
	).Replace(text), nil
}

func (c comparison) each(between, format string) string {
	var out []string
	for _, k := range c.keys {
		out = append(out, fmt.Sprintf(format, k))
	}
	return strings.Join(out, between)
}
