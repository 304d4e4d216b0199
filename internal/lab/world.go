package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"parallax/internal/lab/buckets"
	"parallax/internal/lab/globaltable"
	"parallax/internal/lab/health"
	"parallax/internal/lab/rdsapi"
)

// World is two regions and what happened in them. It is played once, by one goroutine; its servers answer at any time.
type World struct {
	options Options
	day     timetable
	orders  orders
	// accident decides what the script leaves open, in the order in which it happens.
	accident chance

	table    *globaltable.Cluster
	ledger   ledger
	receipts *buckets.Pair
	retagged []string // keys of receipts whose ETags differ, and nothing else
	rds      *rdsapi.Server
	health   *health.Server
	closers  []func() error

	agenda  agenda
	present atomic.Int64 // virtual time in nanoseconds since 1970, for the RDS API's own clock
	played  bool
	name    string // of the stage
	done    int    // payments attempted
	writes  int    // of keys

	payments []*payment // all attempted
	charges  []*payment // what the networks will report
	lost     []*payment // rows committed after the cut
	truth    Truth
}

// Build makes the folders, starts every server and writes the configuration. Nothing has happened yet. An error names
// what would not start; what had started is stopped again.
func Build(ctx context.Context, o Options) (*World, error) {
	if o.Payments < MinPayments {
		return nil, fmt.Errorf("build world: %d payments are fewer than the %d its faults need", o.Payments, MinPayments)
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("build world: %w", err)
	}
	o.Dir = dir
	day := newTimetable(o.Seed)
	w := &World{
		options: o, day: day,
		orders:   orders{chance: newChance(o.Seed, 2), day: day},
		accident: newChance(o.Seed, 3),
	}
	w.present.Store(opening.UnixNano())
	if err := w.build(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("build world: %w", err), w.Close())
	}
	return w, nil
}

func (w *World) build(ctx context.Context) error {
	w.announce("starting servers")
	if err := os.MkdirAll(w.settlementDir(), 0o755); err != nil { //nolint:gosec // a demo's files are for anyone to read
		return err
	}
	if err := w.start(ctx); err != nil {
		return err
	}
	endpoints, err := w.serve()
	if err != nil {
		return err
	}
	signs, err := w.serveHealth()
	if err != nil {
		return err
	}
	return w.writeConfig(endpoints, signs)
}

// Play runs the day, the night's inventories and the settlement files of two mornings. A world is played once; after an
// error, or when ctx ends, it is of no further use.
func (w *World) Play(ctx context.Context) error {
	if w.played {
		return errors.New("play world: it was played before")
	}
	w.played = true
	w.script()
	for {
		it, ok := w.agenda.next()
		if !ok {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return wrap(context.Cause(ctx), "play world")
		}
		w.advance(it.at)
		if err := it.do(ctx, it.at); err != nil {
			return wrap(err, "play world at %s", it.at.Format("2006-01-02T15:04:05.000Z"))
		}
	}
}

// advance moves every clock, and lets arrive what was on its way.
func (w *World) advance(to time.Time) {
	w.present.Store(to.UnixNano())
	w.table.Advance(to)
	w.receipts.Advance(to)
}

// now is the virtual present.
func (w *World) now() time.Time { return time.Unix(0, w.present.Load()).UTC() }

// announce begins a stage.
func (w *World) announce(name string) {
	w.name = name
	w.report()
}

// taken counts a payment attempted.
func (w *World) taken() {
	w.done++
	if w.done%max(1, w.options.Payments/100) == 0 {
		w.report()
	}
}

func (w *World) report() {
	if w.options.Progress != nil {
		w.options.Progress(w.name, w.done, w.options.Payments)
	}
}

// Close stops every server. The files stay.
func (w *World) Close() error {
	var all []error
	for len(w.closers) > 0 {
		last := len(w.closers) - 1
		all = append(all, w.closers[last]())
		w.closers = w.closers[:last]
	}
	return errors.Join(all...)
}

// ConfigPath is the configuration that describes this world to the product.
func (w *World) ConfigPath() string { return filepath.Join(w.options.Dir, "parallax.yaml") }

// settlementDir is where the networks' files are delivered.
func (w *World) settlementDir() string { return filepath.Join(w.options.Dir, "settlement") }

// AsOf is the moment the world is to be audited for: two mornings later, when both days' files have come.
func (w *World) AsOf() time.Time { return audited }

// Window is the part of the day to audit; everything happened within it.
func (w *World) Window() (from, to time.Time) { return windowFrom, windowTo }

// Env is what the product's process needs in its environment: credentials that no stand-in checks, and nothing taken
// from the machine's own AWS settings.
func (w *World) Env() []string {
	return []string{
		"AWS_ACCESS_KEY_ID=lab", "AWS_SECRET_ACCESS_KEY=lab", "AWS_SESSION_TOKEN=", "AWS_PROFILE=",
		"AWS_CONFIG_FILE=" + os.DevNull, "AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull, "AWS_EC2_METADATA_DISABLED=true",
	}
}

// Truth is what the script did so far.
func (w *World) Truth() Truth { return w.truth.sorted() }
