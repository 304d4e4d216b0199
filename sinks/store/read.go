package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"parallax/internal/audit"
)

// Filter selects findings; an empty field selects all.
type Filter struct {
	Kinds    []audit.Kind
	Jobs     []string // names of jobs or families of kinds: "receipts", "receipt"
	Status   []audit.Status
	Severity []audit.Severity
	Scope    string
	Key      string
	Run      string       // findings this run reported
	Within   audit.Window // findings of things that happened in it, at least in part; the zero window selects all
	Limit    int          // 0: no limit
}

// where spells the filter as SQL conditions and their arguments.
func (f Filter) where() (string, []any) {
	conditions, args := []string{"true"}, []any{}
	add := func(condition string, arg any) {
		args = append(args, arg)
		conditions = append(conditions, strings.ReplaceAll(condition, "?", fmt.Sprintf("$%d", len(args))))
	}
	if len(f.Kinds) > 0 {
		add("kind = any(?)", words(f.Kinds))
	}
	if len(f.Jobs) > 0 {
		add("(job = any(?) or family = any(?))", f.Jobs)
	}
	if len(f.Status) > 0 {
		add("status = any(?)", words(f.Status))
	}
	if len(f.Severity) > 0 {
		add("severity = any(?)", words(f.Severity))
	}
	if f.Scope != "" {
		add("scope = ?", safe(f.Scope))
	}
	if f.Key != "" {
		add("key = ?", safe(f.Key))
	}
	if f.Run != "" {
		add("fingerprint in (select unnest(fingerprints) from parallax.run where run_id = ?)", text(f.Run))
	}
	if f.Within != (audit.Window{}) {
		add("window_from < ?", f.Within.To.UTC())
		add("window_to > ?", f.Within.From.UTC())
	}
	return strings.Join(conditions, " and "), args
}

func words[S ~string](in []S) []string { return mapped(in, func(s S) string { return string(s) }) }

const storedColumns = `fingerprint, kind, severity, verdict, status, scope, key, region, amounts, window_from, window_to, shown, reason, rule,
	evidence, job, first_seen, last_seen, runs, first_run, last_run, coalesce(cleared_by, '')`

// Findings returns the findings a filter selects, the gravest first and then by kind, scope and key, and how many there are
// before the limit.
func (s *Store) Findings(ctx context.Context, f Filter) (findings []audit.StoredFinding, total int, err error) {
	where, args := f.where()
	limit := ""
	if f.Limit > 0 {
		limit = fmt.Sprintf(" limit %d", f.Limit)
	}
	sql := `select count(*) over (), ` + storedColumns + ` from parallax.finding where ` + where +
		` order by array_position(array['critical', 'high', 'medium', 'low'], severity), kind, scope, key, fingerprint` + limit
	findings, err = collect(ctx, s.pool, func(row pgx.CollectableRow) (audit.StoredFinding, error) {
		return scanStored(row, &total)
	}, sql, args...)
	if err != nil {
		return nil, 0, fmt.Errorf("read findings: %w", err)
	}
	return findings, total, nil
}

// Finding returns the one finding whose fingerprint begins with prefix, and its history, oldest first. ErrNotFound says that
// there is none, ErrAmbiguous that there are several.
func (s *Store) Finding(ctx context.Context, prefix string) (audit.StoredFinding, []audit.Event, error) {
	stored, events, err := s.finding(ctx, prefix)
	if err != nil {
		return audit.StoredFinding{}, nil, fmt.Errorf("read finding %q: %w", prefix, err)
	}
	return stored, events, nil
}

func (s *Store) finding(ctx context.Context, prefix string) (audit.StoredFinding, []audit.Event, error) {
	var none audit.StoredFinding
	if prefix == "" {
		return none, nil, fmt.Errorf("an empty fingerprint: %w", ErrAmbiguous)
	}
	var total int
	found, err := collect(ctx, s.pool, func(row pgx.CollectableRow) (audit.StoredFinding, error) {
		return scanStored(row, &total)
	}, `select count(*) over (), `+storedColumns+` from parallax.finding
		where fingerprint like $1 order by fingerprint limit 2`, likePrefix(prefix))
	if err != nil {
		return none, nil, err
	}
	// A whole fingerprint is meant even where it begins another.
	whole := slices.IndexFunc(found, func(f audit.StoredFinding) bool { return string(f.Fingerprint) == prefix })
	switch {
	case len(found) == 0:
		return none, nil, ErrNotFound
	case whole < 0 && len(found) > 1:
		return none, nil, fmt.Errorf("%w: %d findings begin so, for example %s and %s", ErrAmbiguous, total,
			found[0].Fingerprint, found[1].Fingerprint)
	case whole < 0:
		whole = 0
	}
	events, err := collect(ctx, s.pool, scanEvent, `select at, coalesce(run_id, ''), actor, action, from_status, to_status, note
		from parallax.finding_event where fingerprint = $1 order by seq`, string(found[whole].Fingerprint))
	return found[whole], events, err
}

var likeSpecial = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

func likePrefix(prefix string) string { return likeSpecial.Replace(text(prefix)) + "%" }

func scanStored(row pgx.CollectableRow, total *int) (audit.StoredFinding, error) {
	var f audit.StoredFinding
	var amounts, evidence []byte
	var shown *time.Time
	err := row.Scan(total, &f.Fingerprint, &f.Kind, &f.Severity, &f.Verdict, &f.Status, &f.Scope, &f.Key, &f.Region, &amounts,
		&f.Window.From, &f.Window.To, &shown, &f.Reason, &f.Rule, &evidence, &f.Job, &f.FirstSeen, &f.LastSeen, &f.Runs,
		&f.FirstRun, &f.LastRun, &f.ClearedBy)
	if err != nil {
		return f, err
	}
	utc(&f.Window.From, &f.Window.To, &f.FirstSeen, &f.LastSeen)
	f.Shown = instant(shown)
	return f, errors.Join(json.Unmarshal(amounts, &f.Amounts), json.Unmarshal(evidence, &f.Evidence))
}

func scanEvent(row pgx.CollectableRow) (audit.Event, error) {
	var e audit.Event
	err := row.Scan(&e.At, &e.Run, &e.Actor, &e.Action, &e.From, &e.To, &e.Note)
	utc(&e.At)
	return e, err
}

// utc puts times into UTC; the driver gives them in the machine's zone.
func utc(times ...*time.Time) {
	for _, t := range times {
		*t = t.UTC()
	}
}
