package aurora

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// digestQuery is what sums up a ledger's rows.
//
// A row is hashed value by value, each hash the seed of the next, so that no two values can exchange their places.
// hash_record_extended would not do: it adds the hashes of the columns up, each with a weight of its own, so that two rows
// could exchange their amounts and the sum of both would stay as it was. Hashes of rows are summed up, not combined by
// exclusive or, under which a row that stands twice would vanish.
type digestQuery struct {
	first   string // $1, $2: the part; $3: where stretches are counted from; $4: their length
	mapping Mapping
	hash    string
	bin     func(created, origin, width string) string
}

// sumModulus keeps a sum within 64 bits.
const sumModulus = "9223372036854775783" // the largest prime below 2^63

func newDigestQuery(m Mapping, types signature) digestQuery {
	q := digestQuery{mapping: m, bin: dateBin}
	if types.major < 14 {
		q.bin = epochBin
	}
	q.hash = hashOf(types)
	created := column(m.Columns.CreatedAt)
	q.first = fmt.Sprintf(`select at, sum(n)::bigint, mod(sum(h), %s)::bigint,
	case when grouping(at) = 1 then array[cur, sum(amounts)::text, sum(unfit)::text, sum(total)::text] end
from (select %s as at, %s::text as cur, count(*) as n, sum(%s) as h, count(%s) as amounts, %s as unfit, sum(%[5]s) as total
	from %[7]s where %[8]s >= $1::timestamptz and %[8]s < $2::timestamptz and %[9]s is not null group by 1, 2) as part
group by grouping sets ((at), (cur)) order by 1`,
		sumModulus, q.bin(created, "$3::timestamptz", "$4::interval"), column(m.Columns.Currency), q.hash, column(m.Columns.AmountMinor+m.Columns.Amount),
		types.amount().unfit(m.Columns), m.relation(), created, column(m.Columns.PaymentID))
	return q
}

// hashOf is the hash of a row's columns, in the order of the fields they are mapped to.
func hashOf(types signature) string {
	hash := "0"
	for i, c := range types.columns {
		if c.counts && c.name != "" && !slices.ContainsFunc(types.columns[:i], func(other columnType) bool { return other.counts && other.name == c.name }) {
			hash = c.hash(hash)
		}
	}
	return hash
}

// hash is the hash of a value with a seed. A value is hashed as its text under the collation "C", byte by byte: to
// PostgreSQL 1.0 and 1.00 are equal, and JSON has no hash. Numbers and times have no two texts, and are hashed as they are,
// which is four times as fast. The hash of a whole number folds its halves into one, so its upper half goes into the seed; a
// time is hashed as a number of seconds, in which microseconds are exact until the year 2242. A null has a seed of its own.
func (c columnType) hash(seed string) string {
	name := column(c.name)
	function, value, none, ofNull := "hashtextextended", name+"::text", "''", " # case when "+name+" is null then 1 else 0 end"
	switch {
	case c.kind == "smallint" || c.kind == "integer":
		function, value, none = "hashint8extended", name+"::bigint", "0"
	case c.kind == "bigint":
		function, value, none = "hashint8extended", name, "0"
		ofNull = " # coalesce(" + name + " >> 32, 4611686018427387904)" // no upper half is as large
	case strings.HasPrefix(c.kind, "timestamp") && !strings.HasSuffix(c.kind, "[]"):
		function, value, none = "hashfloat8extended", "date_part('epoch', "+name+")", "0"
	}
	switch {
	case !c.notNull:
		value, seed = "coalesce("+value+", "+none+")", seed+ofNull
	case c.kind == "bigint":
		seed += " # (" + name + " >> 32)"
	}
	if function == "hashtextextended" {
		value += ` collate "C"`
	}
	return function + "(" + value + ", " + seed + ")"
}

// further cuts the stretches from $1 to $2, two lists, into ones of length $3. With an index on the creation time each is
// looked up; without one the table is read once.
func (q digestQuery) further(unindexed bool) string {
	created := column(q.mapping.Columns.CreatedAt)
	origin := "stretch.since"
	if unindexed {
		origin = "($1::timestamptz[])[(" + bucket(created) + " + 1) / 2]"
	}
	return fmt.Sprintf(`select at, sum(n)::bigint, mod(sum(h), %s)::bigint
from (select %s as at, count(*) as n, sum(%s) as h from %s group by 1) as part group by 1 order by 1`,
		sumModulus, q.bin(created, origin, "$3::interval"), q.hash, q.mapping.within(unindexed))
}

// within is the FROM item of the rows between pairs of moments: $1 holds the first of each, $2 the second. The offset keeps
// the planner from turning the look-ups into one walk along the whole index.
func (m Mapping) within(unindexed bool) string {
	created, key := column(m.Columns.CreatedAt), column(m.Columns.PaymentID)
	if unindexed {
		return fmt.Sprintf(`%s where %s >= ($1::timestamptz[])[1] and %[2]s < ($2::timestamptz[])[array_upper($2::timestamptz[], 1)]
		and %s %% 2 = 1 and %s is not null`, m.relation(), created, bucket(created), key)
	}
	return fmt.Sprintf(`unnest($1::timestamptz[], $2::timestamptz[]) as stretch (since, until)
	cross join lateral (select ledger.* from %s where %s >= stretch.since and %[2]s < stretch.until and %s is not null offset 0) as ledger`,
		m.relation(), created, key)
}

// bucket numbers the moments between the bounds of $1 and $2, set one after the other: those inside a pair are odd.
func bucket(created string) string {
	return "width_bucket(" + created + `::timestamptz, (select array_agg(bound order by place, side)
		from (select since as bound, place, 1 as side from unnest($1::timestamptz[]) with ordinality as a (since, place)
		union all select until, place, 2 from unnest($2::timestamptz[]) with ordinality as b (until, place)) as bounds))`
}

// dateBin is the begin of the stretch that a moment is in.
func dateBin(created, origin, width string) string {
	return "date_bin(" + width + ", " + created + "::timestamptz, " + origin + ")"
}

// epochBin is the same for servers before PostgreSQL 14. It counts whole microseconds: a fraction of seconds is not exact.
func epochBin(created, origin, width string) string {
	return fmt.Sprintf("%[2]s + ((extract(epoch from %[1]s::timestamptz - %[2]s) * 1000000)::bigint / (extract(epoch from %[3]s) * 1000000)::bigint) * %[3]s",
		created, origin, width)
}

// interval is a number of microseconds.
func interval(width int64) pgtype.Interval { return pgtype.Interval{Microseconds: width, Valid: true} }

// steer sets up the planner for a transaction: one process is enough of a database that has other work to do, statements are
// too short to be compiled, and a thousand sums fit into memory, though the planner expects as many as there are rows and
// would sort them on disk. Look-ups must not read the whole table once for each of many stretches, whose number the planner
// cannot guess.
func (s *side) steer(ctx context.Context, tx pgx.Tx, lookups, sums bool) error {
	_, err := tx.Exec(ctx, `select set_config('max_parallel_workers_per_gather', '0', true), set_config('jit', 'off', true),
		set_config('enable_seqscan', $1, true), set_config('enable_sort', $2, true)`, onOff(!lookups), onOff(!sums))
	return err
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

// spanQuery is the first and the last creation time between $1 and $2.
func (m Mapping) spanQuery() string {
	created := column(m.Columns.CreatedAt)
	return fmt.Sprintf("select min(%[1]s)::timestamptz, max(%[1]s)::timestamptz from %[2]s where %[1]s >= $1::timestamptz and %[1]s < $2::timestamptz", created, m.relation())
}

// span is the part of the window in which there are rows: where a window reaches far beyond them, cutting all of it would
// leave them in few stretches. Where asking takes too long, it is the window.
func (s *side) span(ctx context.Context) (from, to time.Time, err error) {
	var first, last *time.Time
	err = s.retry(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if err := s.steer(ctx, tx, false, false); err != nil {
			return err
		}
		return tx.QueryRow(ctx, s.Mapping.spanQuery(), microsecond(s.window.From), microsecond(s.window.To)).Scan(&first, &last)
	})
	switch {
	case tooLong(err):
		return microsecond(s.window.From), microsecond(s.window.To), nil
	case err != nil || first == nil || last == nil:
		return time.Time{}, time.Time{}, err
	}
	return *first, last.Add(time.Microsecond), nil
}

// findIndex asks whether stretches of time can be looked up.
func (s *side) findIndex(ctx context.Context) error {
	return s.retry(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if err := s.steer(ctx, tx, true, false); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, "explain select "+column(s.Mapping.Columns.PaymentID)+" from "+s.Mapping.within(false),
			[]time.Time{s.window.From}, []time.Time{s.window.To})
		if err != nil {
			return err
		}
		plan, err := pgx.CollectRows(rows, pgx.RowTo[string])
		s.unindexed = strings.Contains(strings.Join(plan, "\n"), "Seq Scan")
		return err
	})
}
