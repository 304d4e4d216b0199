package main

import (
	"fmt"
	"strings"
)

// lists compares the inventories of two buckets, of all whose files, by key and version: size, ETag where it says something of
// the content, latest and delete marker. It names every version that is not alike on both sides, as a line, and adds up the
// hashes of the lines as the other queries do. No version is listed twice, so that no side has to be grouped first.
const lists = `
WITH
g AS (
  SELECT coalesce(l.k, r.k) AS k, coalesce(l.v, r.v) AS v, l.k IS NOT NULL AS hl, r.k IS NOT NULL AS hr,
    l.s AS ls, r.s AS rs, l.e AS le, r.e AS re, l.f AS lf, r.f AS rf
  FROM (SELECT {row} FROM {left}) l FULL OUTER JOIN (SELECT {row} FROM {right}) r ON l.k = r.k AND l.v = r.v
  WHERE (l.s = r.s AND l.e = r.e AND l.f = r.f) IS NOT TRUE
)` + named

// listsLean finds the versions that are not alike by their hashes, and reads both sides again for the rows of those.
const listsLean = `
WITH
u AS (
  SELECT k, v, 1 AS side, hash(s, e, f) AS h FROM (SELECT {row} FROM {left})
  UNION ALL
  SELECT k, v, 2, hash(s, e, f) FROM (SELECT {row} FROM {right})
),
c AS MATERIALIZED (SELECT k, v FROM u GROUP BY k, v HAVING count(*) <> 2 OR bit_xor(side) <> 3 OR bit_xor(h) <> 0),
w AS (
  SELECT x.*, 1 AS side FROM (SELECT {row} FROM {left}) x WHERE EXISTS (FROM c WHERE c.k = x.k AND c.v = x.v)
  UNION ALL
  SELECT x.*, 2 FROM (SELECT {row} FROM {right}) x WHERE EXISTS (FROM c WHERE c.k = x.k AND c.v = x.v)
),
g AS (
  SELECT k, v, count(*) FILTER (side = 1) > 0 AS hl, count(*) FILTER (side = 2) > 0 AS hr,
    any_value(s) FILTER (side = 1) AS ls, any_value(s) FILTER (side = 2) AS rs, any_value(e) FILTER (side = 1) AS le,
    any_value(e) FILTER (side = 2) AS re, any_value(f) FILTER (side = 1) AS lf, any_value(f) FILTER (side = 2) AS rf
  FROM w GROUP BY k, v
)` + named

const named = `,
lines AS (
  SELECT concat_ws('|', CASE WHEN NOT hr THEN 'left only' WHEN NOT hl THEN 'right only' ELSE 'different' END,
    k, v, coalesce(ls, 0), coalesce(rs, 0), coalesce(le, ''), coalesce(re, ''), coalesce(lf, 0), coalesce(rf, 0)) AS line
  FROM g
)
SELECT count(*), coalesce(sum(md5_number_lower(line)), 0)::VARCHAR FROM lines`

// listRow is what of a row is compared, under short names. A delete marker has neither size nor ETag; the null version's id is
// empty. The ETag of what was uploaded in parts, or is encrypted with another key than S3's, says nothing.
const listRow = `{key} AS k, coalesce(version_id, '') AS v, coalesce(size, 0) AS s,
  CASE WHEN is_delete_marker OR is_multipart_uploaded OR encryption_status NOT IN ('SSE-S3', 'NOT-SSE') THEN '' ELSE coalesce(e_tag, '') END AS e,
  is_latest::INT + 2 * is_delete_marker::INT AS f`

// csvTypes are the columns of an inventory in CSV, which has no header.
const csvTypes = `{'bucket': 'VARCHAR', 'key': 'VARCHAR', 'version_id': 'VARCHAR', 'is_latest': 'BOOLEAN', 'is_delete_marker': 'BOOLEAN', 'size': 'BIGINT',
  'last_modified_date': 'VARCHAR', 'e_tag': 'VARCHAR', 'storage_class': 'VARCHAR', 'is_multipart_uploaded': 'BOOLEAN', 'replication_status': 'VARCHAR',
  'encryption_status': 'VARCHAR'}`

// listed fills a query over inventories in. Left and right are patterns of file names. Keys in CSV are URL-encoded.
func (c comparison) listed(query string) string {
	key, scan := "key", "read_parquet(%s)"
	if strings.HasSuffix(c.left, ".csv.gz") {
		key = "url_decode(key)"
		scan = `read_csv(%s, header = false, auto_detect = false, delim = ',', quote = '"', escape = '"', nullstr = '', allow_quoted_nulls = true, columns = ` + csvTypes + ")"
	}
	row := strings.ReplaceAll(listRow, "{key}", key)
	return strings.NewReplacer("{left}", fmt.Sprintf(scan, quote(c.left)), "{right}", fmt.Sprintf(scan, quote(c.right)), "{row}", row).Replace(query)
}
