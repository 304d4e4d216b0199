package main

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/duckdb/duckdb-go/v2"
)

// cases is how many pairs of files the join and DuckDB are compared on.
const cases = 400

// TestPeerFindsTheSame writes random pairs of small tables with DuckDB, as Parquet or as CSV, and asks both DuckDB and the
// product's join for every group that is not one row on each side with equal values: keys, row numbers and values must be the
// same, and each pair's groups in ascending order of their keys.
func TestPeerFindsTheSame(t *testing.T) {
	bench := buildBench(t)
	dir := t.TempDir()
	connector, err := duckdb.NewConnector("", nil)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	var found int
	for seed := range uint64(cases) {
		rng := rand.New(rand.NewPCG(seed, 4))
		c := newCase(rng, dir, seed)
		c.write(t, db, rng)
		want := c.ask(t, db)
		got := c.run(t, bench, rng)
		if !slices.Equal(sorted(got), want) {
			t.Fatalf("seed %d (%s): the join finds\n%s\nDuckDB finds\n%s", seed, c, difference(sorted(got), want), difference(want, sorted(got)))
		}
		if before, after, ok := outOfOrder(t, got); !ok {
			t.Fatalf("seed %d (%s): key %q comes before %q", seed, c, before, after)
		}
		found += len(want)
		os.Remove(c.left)
		os.Remove(c.right)
	}
	if found < 100*cases {
		t.Errorf("only %d groups in %d cases: the tables hardly differ", found, cases)
	}
}

// buildBench builds the program that joins, from the product's module.
func buildBench(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "bench")
	cmd := exec.Command("go", "build", "-o", name, "./internal/bench")
	cmd.Dir = filepath.Join("..", "..", "..")
	cmd.Env = append(os.Environ(), "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build the join: %v\n%s", err, out)
	}
	return name
}

// pair is one case: two files, joined by one or two columns.
type pair struct {
	left, right string
	keys        []string
	csv         bool
	inOrder     bool
	rows        [2]int
}

func (c pair) String() string {
	return fmt.Sprintf("%d and %d rows, keys %v, in order: %v, %s", c.rows[0], c.rows[1], c.keys, c.inOrder, filepath.Ext(c.left))
}

func newCase(rng *rand.Rand, dir string, seed uint64) pair {
	sizes := []int{0, 1, 3, 40, 400, 400, 400, 3000}
	if rng.IntN(40) == 0 {
		sizes = []int{20_000}
	}
	c := pair{
		keys: []string{"k1", "k2"}[:1+rng.IntN(2)], csv: rng.IntN(2) == 0, inOrder: rng.IntN(3) == 0,
		rows: [2]int{sizes[rng.IntN(len(sizes))], sizes[rng.IntN(len(sizes))]},
	}
	ending := ".parquet"
	if c.csv {
		ending = ".csv.gz"
	}
	c.left = filepath.Join(dir, fmt.Sprintf("%d-left%s", seed, ending))
	c.right = filepath.Join(dir, fmt.Sprintf("%d-right%s", seed, ending))
	return c
}

// write makes the two tables and copies them to files. The column id is the number of the row in its file.
func (c pair) write(t *testing.T, db *sql.DB, rng *rand.Rand) {
	t.Helper()
	pool := newPool(rng)
	for side, name := range []string{c.left, c.right} {
		rows := make([][]driver.Value, 0, c.rows[side])
		for range c.rows[side] {
			rows = append(rows, pool.row(rng))
		}
		fill(t, db, fmt.Sprintf("t%d", side), rows)
		order := "seq"
		if c.inOrder {
			order = strings.Join(c.keys, ", ") + ", seq"
		}
		columns := "SELECT row_number() OVER (ORDER BY " + order + ") - 1 AS id, k1, k2, number, text FROM " + fmt.Sprintf("t%d", side) + " ORDER BY id"
		options := "FORMAT csv, COMPRESSION gzip"
		if !c.csv {
			// Version 1: the delta encodings of version 2 are refused by the product, with an error.
			options = "FORMAT parquet, PARQUET_VERSION V1, ROW_GROUP_SIZE 2048, COMPRESSION " + []string{"snappy", "zstd", "gzip", "uncompressed"}[rng.IntN(4)]
		}
		if _, err := db.Exec("COPY (" + columns + ") TO " + quote(name) + " (" + options + ")"); err != nil {
			t.Fatal(err)
		}
	}
}

func fill(t *testing.T, db *sql.DB, table string, rows [][]driver.Value) {
	t.Helper()
	if _, err := db.Exec("CREATE OR REPLACE TABLE " + table + " (seq BIGINT, k1 VARCHAR, k2 VARCHAR, number BIGINT, text VARCHAR)"); err != nil {
		t.Fatal(err)
	}
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	err = conn.Raw(func(raw any) error {
		a, err := duckdb.NewAppenderFromConn(raw.(driver.Conn), "", table)
		if err != nil {
			return err
		}
		for i, row := range rows {
			if err := a.AppendRow(append([]driver.Value{int64(i)}, row...)...); err != nil {
				return err
			}
		}
		return a.Close()
	})
	if err != nil {
		t.Fatal(err)
	}
}

// referee lists the groups as the join should. A row with a NULL in its key is a group of its own; values are equal if both
// are NULL.
const referee = `
WITH
l AS (SELECT *, CASE WHEN {null} THEN id ELSE -1 END AS lone FROM t0),
r AS (SELECT *, CASE WHEN {null} THEN -2 - id ELSE -1 END AS lone FROM t1),
u AS (SELECT 0 AS side, * FROM l UNION ALL SELECT 1, * FROM r)
SELECT to_json({
  'key': [{keys}],
  'left': coalesce(list({'row': id, 'number': number, 'text': text} ORDER BY id) FILTER (side = 0), []),
  'right': coalesce(list({'row': id, 'number': number, 'text': text} ORDER BY id) FILTER (side = 1), [])})::VARCHAR
FROM u GROUP BY {keys}, lone
HAVING NOT (count(*) = 2 AND sum(side) = 1 AND count(DISTINCT {'n': number, 't': text}) = 1)`

func (c pair) ask(t *testing.T, db *sql.DB) []string {
	t.Helper()
	both := comparison{keys: c.keys}
	text := strings.NewReplacer("{keys}", strings.Join(c.keys, ", "), "{null}", both.each(" OR ", "%s IS NULL")).Replace(referee)
	text = strings.Replace(text, "FROM t0", "FROM ("+c.read(c.left)+")", 1)
	text = strings.Replace(text, "FROM t1", "FROM ("+c.read(c.right)+")", 1)
	rows, err := db.QueryContext(t.Context(), text)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		out = append(out, canonical(t, []byte(line)))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(out)
	return out
}

// read is the query that reads a file as it was written: an empty text is not a NULL.
func (c pair) read(name string) string {
	if !c.csv {
		return "SELECT * FROM read_parquet(" + quote(name) + ")"
	}
	return "SELECT * FROM read_csv(" + quote(name) + ", header = true, auto_detect = false, delim = ',', quote = '\"', escape = '\"', allow_quoted_nulls = false, " +
		"columns = {'id': 'BIGINT', 'k1': 'VARCHAR', 'k2': 'VARCHAR', 'number': 'BIGINT', 'text': 'VARCHAR'})"
}

// run asks the join, with more or less memory and workers.
func (c pair) run(t *testing.T, bench string, rng *rand.Rand) []string {
	t.Helper()
	hold := []string{"256", "512", "0"}[rng.IntN(3)] // the first two spill what is larger
	cmd := exec.CommandContext(context.Background(), bench, "join", "-list", "-hold", hold, "-temp", t.TempDir(),
		"-keys", strings.Join(c.keys, ","), "-number", "number", "-text", "text", c.left, c.right)
	cmd.Env = append(os.Environ(), fmt.Sprintf("GOMAXPROCS=%d", 1+rng.IntN(4)))
	var problem bytes.Buffer
	cmd.Stderr = &problem
	text, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", c, err, problem.String())
	}
	var out []string
	for line := range bytes.Lines(text) {
		out = append(out, canonical(t, line))
	}
	return out
}

// canonical is JSON in one spelling.
func canonical(t *testing.T, line []byte) string {
	t.Helper()
	var v any
	read := json.NewDecoder(bytes.NewReader(line))
	read.UseNumber()
	if err := read.Decode(&v); err != nil {
		t.Fatalf("%.300s: %v", line, err)
	}
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// outOfOrder looks for two groups whose keys, which have no NULL, do not ascend.
func outOfOrder(t *testing.T, lines []string) (before, after []string, ok bool) {
	t.Helper()
	for _, line := range lines {
		var group struct {
			Key []*string `json:"key"`
		}
		if err := json.Unmarshal([]byte(line), &group); err != nil {
			t.Fatal(err)
		}
		if slices.Contains(group.Key, nil) {
			continue
		}
		after = nil
		for _, k := range group.Key {
			after = append(after, *k)
		}
		if before != nil && slices.Compare(before, after) >= 0 {
			return before, after, false
		}
		before = after
	}
	return nil, nil, true
}

func sorted(lines []string) []string { return slices.Sorted(slices.Values(lines)) }

// difference is the first lines of a that b has not.
func difference(a, b []string) string {
	var out []string
	for _, line := range a {
		if _, found := slices.BinarySearch(b, line); !found && len(out) < 5 {
			out = append(out, fmt.Sprintf("%.400s", line))
		}
	}
	return strings.Join(out, "\n")
}
