package app

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"parallax/internal/audit"
	"parallax/sinks/report"
)

// dossier makes the dossier from the facts.
func (f *dossierFacts) dossier() report.Dossier {
	o := f.failover
	d := report.Dossier{
		AsOf: f.asOf(), Cluster: o.Cluster, From: o.From, To: o.To, Planned: o.Planned, Seen: string(o.Seen), At: o.At,
		Promoted: o.Promoted, PromotedError: report.Span(o.PromotedError), Outage: f.outage(), Window: f.window,
		Snapshot: report.Snapshot{Name: o.Snapshot, ExpiresAt: o.SnapshotExpires, Compared: f.compared()},
		Others:   []string{}, Questions: []audit.Question{}, Runs: []report.DossierRun{},
		Standing: f.standing(),
	}
	if f.kase != nil {
		d.Case = &report.DossierCase{State: f.kase.State, OpenedAt: f.kase.OpenedAt, ClosedAt: f.kase.ClosedAt, NextDue: f.kase.NextDue}
		d.Questions = append(d.Questions, f.kase.Questions...)
		slices.SortStableFunc(d.Questions, func(a, b audit.Question) int { // what the money does not tell comes first
			return cmp.Compare(questionOrder(a), questionOrder(b))
		})
	}
	d.NotCovered = f.notCovered()
	d.Lost = f.lost(d.Snapshot.Compared)
	d.Doubles = f.doubles()
	d.Money = f.money(d)
	d.Figures = f.figures(d)
	d.Timeline = f.timeline(d)
	d.Others = append(d.Others, f.neighbours()...)
	for _, r := range f.runs {
		d.Runs = append(d.Runs, runLine(r))
	}
	d.Actions = f.actions(d)
	return d
}

func questionOrder(q audit.Question) int {
	if q.About == report.AboutFindings {
		return 1
	}
	return 0
}

func runLine(r audit.RunRecord) report.DossierRun {
	line := report.DossierRun{RunID: r.RunID, Job: r.Job, Window: r.Window, AsOf: r.AsOf, Verdict: r.Verdict, Findings: r.Findings}
	for _, c := range r.Coverage {
		line.Gaps += len(c.Gaps)
	}
	return line
}

// neighbours names the failovers whose time touches this one's window, for what is found there may be theirs.
func (f *dossierFacts) neighbours() []string {
	var out []string
	for _, o := range f.others {
		if !f.window.Holds(o.At) && !f.window.Holds(o.Promoted) {
			continue
		}
		what := "unplanned failover"
		if o.Planned {
			what = "planned switchover"
		}
		out = append(out, fmt.Sprintf("another %s in this window, to %s at %s UTC: what is found here may be its doing", what,
			cmp.Or(string(o.To), "an unknown region"), o.At.UTC().Format("2 Jan 15:04:05")))
	}
	return out
}

// notCovered lists what of the window was not read: every gap once, however many jobs met it, and what no run looked at.
func (f *dossierFacts) notCovered() []report.NotCovered {
	out := append([]report.NotCovered{}, f.unseen...)
	type name struct {
		source, scope, reason string
		region                audit.Region
		from, to              time.Time
	}
	at := map[name]int{}
	for _, r := range f.runs {
		for _, c := range r.Coverage {
			for _, g := range c.Gaps {
				n := name{c.Source, c.Scope, g.Reason, c.Region, g.Window.From, g.Window.To}
				if i, known := at[n]; known {
					if !slices.Contains(strings.Split(out[i].Job, ", "), r.Job) {
						out[i].Job += ", " + r.Job
					}
					continue
				}
				at[n] = len(out)
				out = append(out, report.NotCovered{
					Job: r.Job, RunID: r.RunID, Source: c.Source, Scope: c.Scope, Region: c.Region, Window: g.Window,
					Reason: g.Reason, Remedy: g.Remedy, Lost: g.Lost,
				})
			}
		}
	}
	return out
}

// figures are the measures of every layer, and why there is none where there is none.
func (f *dossierFacts) figures(d report.Dossier) []report.Figure {
	var out []report.Figure
	for _, layer := range []string{report.LaneLedger, report.LaneKeys, report.LaneReceipts} {
		for _, figure := range []string{"rpo", "rto"} {
			i := slices.IndexFunc(f.failover.Measures, func(m audit.Measure) bool { return m.Layer == layer && m.Figure == figure })
			if i >= 0 {
				out = append(out, f.healed(d, report.NewFigure(f.failover.Measures[i])))
				continue
			}
			reason, told := f.unmeasured(layer, figure)
			if !told && layer == report.LaneReceipts && figure == "rto" {
				continue // receipts follow the ledger; their silence says nothing of its own
			}
			out = append(out, f.unmeasuredFigure(layer, figure, reason))
		}
	}
	for _, m := range f.failover.Measures { // of layers that this report does not know
		if !slices.ContainsFunc(out, func(x report.Figure) bool { return x.Layer == m.Layer && x.Figure == m.Figure }) {
			out = append(out, report.NewFigure(m))
		}
	}
	return out
}

// healed says of the keys' RPO what it is: how late they were in the region that took over. They come with the old region; only
// what the table threw away then is lost.
func (f *dossierFacts) healed(d report.Dossier, x report.Figure) report.Figure {
	if x.Layer != report.LaneKeys || x.Figure != "rpo" || x.Value <= 0 {
		return x
	}
	lost := 0
	for _, r := range d.Money {
		if r.Class == report.ClassKeyWrites {
			lost = r.InOutage
		}
	}
	x.Late = true
	x.Note = fmt.Sprintf("when %s took over; %s lost or overwritten", cmp.Or(string(f.failover.To), "the other region"), several(lost, "write"))
	return x
}

// standing counts the findings that want someone's attention. That there was a failover is none, nor that none was rehearsed.
func (f *dossierFacts) standing() int {
	n := 0
	for _, x := range f.findings {
		if slices.Contains(alive, x.Status) && x.Kind != audit.FailoverDetected && x.Kind != audit.FailoverDrillOverdue {
			n++
		}
	}
	return n
}

func (f *dossierFacts) unmeasuredFigure(layer, figure, reason string) report.Figure {
	objective := f.rules.rpo
	if figure == "rto" {
		objective = f.rules.rto
	}
	return report.Figure{
		Layer: layer, Figure: figure, State: report.FigureUnmeasured, Objective: report.Span(objective),
		Basis: cmp.Or(reason, "no run has measured it"),
	}
}

// unmeasured is why a figure was not measured: "layer figure: reason", or of the whole layer "layer: reason".
func (f *dossierFacts) unmeasured(layer, figure string) (reason string, told bool) {
	for _, name := range []string{layer + " " + figure, layer + " " + strings.ToUpper(figure), layer} {
		for _, line := range f.failover.Unmeasured {
			if reason, told := strings.CutPrefix(line, name+":"); told {
				return strings.TrimSpace(reason), true
			}
		}
	}
	return "", false
}
