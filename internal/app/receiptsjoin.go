package app

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"parallax/auditors/receipt"
	"parallax/internal/audit"
	"parallax/internal/join"
	"parallax/internal/record"
	"parallax/sources/inventory"
)

// compare joins both sides by key and version. Of a pair of which one side has no inventory nothing is compared; the other is
// read all the same, for the receipts that it holds.
func (c *receiptAudit) compare(ctx context.Context) (*breaks, error) {
	if c.earlier().IsZero() {
		return &breaks{audit: c}, c.readOne(ctx)
	}
	cfg := join.Config{Memory: int64(c.cfg.Limits.MemoryMiB) << 20, Dir: c.scratch(), Unordered: true, Carry: true}
	result, tally, err := c.match(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("compare receipts %s: %w", c.pair.Name, err)
	}
	c.equal = tally.Matched
	c.tally(tally)
	return &breaks{audit: c, result: result}, nil
}

// match joins both sides. Whole buckets are screened first, for they are nearly the same; what the tally says is of all their
// rows.
func (c *receiptAudit) match(ctx context.Context, cfg join.Config) (*join.Result, join.Tally, error) {
	left, right := c.side(0, true), c.side(1, true)
	if !c.rules.Whole || !c.sides[0].twice() || !c.sides[1].twice() {
		result, err := join.Match(ctx, left, right, cfg)
		if err != nil {
			return nil, join.Tally{}, err //nolint:wrapcheck // by compare
		}
		return result, result.Tally, nil
	}
	screened, err := join.Screen(ctx, left, right, cfg)
	if err != nil {
		return nil, join.Tally{}, err //nolint:wrapcheck // by compare
	}
	for _, s := range c.sides {
		_, _, s.unread = s.list.Coverage() // what could not be read the first time was not looked at row by row
	}
	result, err := join.Match(ctx, screened.Rest(c.side(0, false)), screened.Rest(c.side(1, false)), cfg)
	if err != nil {
		return nil, join.Tally{}, err //nolint:wrapcheck // by compare
	}
	tally := result.Tally
	tally.Matched += screened.Rows[0] - tally.LeftRows
	tally.LeftRows, tally.RightRows = screened.Rows[0], screened.Rows[1]
	return result, tally, nil
}

// twice reports whether a side can be read twice, and cheaply. A listing may answer otherwise the second time.
func (s *receiptSide) twice() bool { return s.list.Twice() && len(s.listing.prefixes) == 0 }

// tally puts into the certificate what the join has come to.
func (c *receiptAudit) tally(t join.Tally) {
	c.line.Records = t.LeftRows + t.RightRows
	c.line.Extents = append(c.line.Extents, audit.Extent{
		Name: "comparison of " + c.sides[0].bucket + " with " + c.sides[1].bucket, Records: t.LeftRows + t.RightRows,
		Totals: map[string]string{
			"versions equal": decimal(t.Matched), "versions that differ": decimal(t.Different),
			"versions in " + c.sides[0].bucket + " only": decimal(t.LeftOnly), "versions in " + c.sides[1].bucket + " only": decimal(t.RightOnly),
			"versions named more than once": decimal(t.Duplicated),
		},
	})
}

// side is one bucket as the join takes it: the files of its inventory, then what is listed live beside them. With first each row
// is looked at as it passes.
func (c *receiptAudit) side(i int, first bool) join.Side {
	s := c.sides[i]
	out := join.Side{Name: "the inventory of " + s.bucket, Rows: s.list.Rows, Once: true}
	for _, p := range s.list.Parts() {
		out.Parts = append(out.Parts, join.Part{Name: p.Name, Scan: func(ctx context.Context, emit func(*join.Batch) error) error {
			into := sheet{rules: c.rules, since: c.since()}
			return p.Scan(ctx, func(rows *inventory.Rows) error {
				if first {
					s.rows.Add(int64(rows.Len))
					c.observe(s, rows)
				}
				batch := into.fill(rows)
				if batch.Rows == 0 {
					return nil
				}
				if first {
					s.joined.Add(int64(batch.Rows))
				}
				return emit(batch)
			})
		}})
	}
	for _, prefix := range s.listing.prefixes {
		out.Parts = append(out.Parts, join.Part{Name: "listing of " + prefix, Scan: func(ctx context.Context, emit func(*join.Batch) error) error {
			return c.listPrefix(ctx, s, prefix, emit)
		}})
	}
	return out
}

// readOne reads the inventory of one side where the other has none.
func (c *receiptAudit) readOne(ctx context.Context) error {
	for _, s := range c.sides {
		if s.list == nil {
			continue
		}
		for _, p := range s.list.Parts() {
			err := p.Scan(ctx, func(rows *inventory.Rows) error {
				s.rows.Add(int64(rows.Len))
				c.observe(s, rows)
				return nil
			})
			if err != nil {
				return fmt.Errorf("read the inventory of %s: %w", s.bucket, err)
			}
		}
	}
	return nil
}

// since is from when on objects matter where only those of a window are judged: what is older is as good as equal, for a key is
// judged by its current version.
func (c *receiptAudit) since() int64 {
	if c.rules.Whole {
		return 0
	}
	return c.window.From.Add(-time.Hour).UnixMilli()
}

// sheet makes batches for the join: key and version, and of what must be equal size, ETag and flags.
type sheet struct {
	rules   receipt.Rules
	since   int64 // rows of before are left out: milliseconds since 1970
	batch   join.Batch
	data    []byte
	texts   []join.Span
	numbers []int64
	carry   []int64
}

// fill makes a batch of rows. It is valid until the next.
func (b *sheet) fill(rows *inventory.Rows) *join.Batch {
	b.data, b.texts, b.numbers, b.carry = b.data[:0], b.texts[:0], b.numbers[:0], b.carry[:0]
	n := 0
	for i := range rows.Len {
		if rows.Notes[i].Millis() < b.since {
			continue
		}
		rows.Key.Texts[n], rows.Version.Texts[n], rows.Size[n] = rows.Key.Texts[i], rows.Version.Texts[i], rows.Size[i]
		n++
		etag := rows.ETag.Texts[i]
		text, number := b.rules.Print(rows.ETag.Data[etag.Start:etag.End], rows.Notes[i])
		start := len(b.data)
		b.data = append(b.data, text...)
		b.texts = append(b.texts, join.Span{Start: uint32(start), End: uint32(len(b.data))}) //nolint:gosec // as long as the ETags
		b.numbers = append(b.numbers, number)
		b.carry = append(b.carry, int64(rows.Notes[i]))
	}
	key, version := rows.Key, rows.Version
	key.Texts, version.Texts = key.Texts[:n], version.Texts[:n]
	b.batch = join.Batch{
		Rows: n, Key: []join.Column{key, version}, Carry: b.carry,
		Value: []join.Column{{Ints: rows.Size[:n]}, {Data: b.data, Texts: b.texts}, {Ints: b.numbers}},
	}
	return &b.batch
}

// observe looks at each row as it passes: whether it is the receipt of a payment, and where the storage policy wants it.
func (c *receiptAudit) observe(s *receiptSide, rows *inventory.Rows) {
	c.survey.See(s.index, rows.Notes[:rows.Len], func(i int) []byte {
		at := rows.Key.Texts[i]
		return rows.Key.Data[at.Start:at.End]
	})
	var recent []record.Object
	for i := range rows.Len {
		note := rows.Notes[i]
		if c.ties.Wants(note) {
			recent = append(recent, s.object(rows, i))
		}
		if c.seen.known(note) {
			at := rows.Key.Texts[i]
			c.seen.see(c.rules, rows.Key.Data[at.Start:at.End], note)
		}
		if c.policy.Broken(note, s.list.Scanned) {
			c.drifted.add(c.rules, s.object(rows, i))
		}
	}
	c.ties.See(recent)
}

// object is one row of a side's inventory.
func (s *receiptSide) object(rows *inventory.Rows, i int) record.Object {
	o := rows.Object(i)
	o.Region, o.Bucket, o.SeenAt = s.region, s.bucket, s.list.Scanned
	return o
}

// drifted are objects that are not where the declared storage policy wants them, up to a limit.
type drifted struct {
	limit   int
	mu      sync.Mutex
	objects []record.Object
	beyond  int64
}

func (d *drifted) add(rules receipt.Rules, o record.Object) {
	if _, ok := rules.PaymentOf(o.Key); !ok {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.objects) >= d.limit {
		d.beyond++
		return
	}
	d.objects = append(d.objects, o)
}

// seenKeys tells whether any object is a receipt by its key, and which of the keys that earlier findings name are live.
type seenKeys struct {
	receipt atomic.Bool
	wanted  map[string]bool // set before the reading
	mu      sync.Mutex
	first   string // the first key that is no receipt's
	live    map[string]bool
}

// known reports whether a row is worth looking at.
func (k *seenKeys) known(n record.ObjectNote) bool {
	return !k.receipt.Load() || len(k.wanted) > 0 && n.Latest() && !n.Marker()
}

func (k *seenKeys) see(rules receipt.Rules, key []byte, n record.ObjectNote) {
	wanted := k.wanted[string(key)] && n.Latest() && !n.Marker()
	strange := false
	if !k.receipt.Load() {
		if _, ok := rules.PaymentOf(string(key)); ok {
			k.receipt.Store(true)
		} else {
			strange = true
		}
	}
	if !wanted && !strange {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if strange && k.first == "" {
		k.first = string(key)
	}
	if wanted {
		if k.live == nil {
			k.live = map[string]bool{}
		}
		k.live[string(key)] = true
	}
}
