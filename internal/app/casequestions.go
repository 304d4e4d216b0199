package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/sinks/report"
	"parallax/sinks/store"
)

// What the questions of a case are about, beside underWay.
const (
	aboutSnapshot = report.AboutSnapshot
	aboutOld      = report.AboutOld
	aboutFile     = "settlement file"
	aboutFindings = report.AboutFindings
	aboutCoverage = report.AboutCoverage
	jobFailed     = report.AboutJob
)

// gapsAsked bounds how many gaps of one job a case asks about one by one.
const gapsAsked = 5

func couldNotRun(job string, err error) audit.Question {
	return audit.Question{About: jobFailed, Text: err.Error(), Remedy: "mend the cause; parallax run " + job + " shows it again"}
}

// questions are what keeps a case open.
func (a *App) questions(ctx context.Context, c audit.Case, f audit.Failover) ([]audit.Question, error) {
	out := slices.Concat(a.unwitnessed(f), a.notRun(c))
	gaps, err := a.unread(ctx, c, f)
	if err != nil {
		return nil, err
	}
	files, err := a.filesToCome(ctx, c)
	if err != nil {
		return nil, err
	}
	standing, err := a.unexplained(ctx, c)
	return slices.Concat(out, gaps, files, standing), err
}

// unwitnessed asks for the old primary's snapshot, without which the lost rows cannot be named.
func (a *App) unwitnessed(f audit.Failover) []audit.Question {
	if len(a.cfg.Ledgers) == 0 {
		return nil
	}
	for _, why := range f.Unmeasured {
		figure, reason, _ := strings.Cut(why, ": ")
		if figure != "ledger rpo" {
			continue
		}
		name := f.Snapshot
		if name == "" {
			name = "rds:unplanned-global-failover-..., which AWS makes when the old region recovers"
		}
		return []audit.Question{{
			About: aboutSnapshot, Text: "Which rows of the ledger are lost cannot be told: " + reason + ".",
			Remedy: "restore the snapshot of the old primary (" + name + ") and configure it under ledgers[].snapshot",
		}}
	}
	return nil
}

// unread asks about what the newest runs could not read.
func (a *App) unread(ctx context.Context, c audit.Case, f audit.Failover) ([]audit.Question, error) {
	var out []audit.Question
	asked := map[audit.Question]bool{}
	for _, r := range c.Runs {
		run, err := a.store.Run(ctx, r.RunID)
		if err != nil {
			return nil, err
		}
		out = append(out, notWhole(c, run)...)
		n, more := 0, 0
		for _, line := range run.Coverage {
			for _, g := range line.Gaps {
				q := audit.Question{About: aboutCoverage, Text: g.Reason, Remedy: g.Remedy}
				switch {
				case line.Source == unwitnessedSource:
					q.About, q.Text = aboutSnapshot, "ledger "+line.Scope+": "+g.Reason // each ledger has its own
				case line.Region == f.From && f.From != "":
					q.About = aboutOld
				}
				switch {
				case asked[q]:
				case n >= gapsAsked:
					more++
				default:
					n++
					asked[q] = true
					q.Text = fmt.Sprintf("%s: %s %s: %s", r.Job, line.Source, line.Region, q.Text)
					out = append(out, q)
				}
			}
		}
		if more > 0 {
			out = append(out, audit.Question{
				About: aboutCoverage, Text: fmt.Sprintf("%s: %d more gaps", r.Job, more), Remedy: "parallax report coverage lists them",
			})
		}
	}
	return out, nil
}

// filesToCome asks for the settlement files of the business days that carry the window's payments: up to the day after it.
func (a *App) filesToCome(ctx context.Context, c audit.Case) ([]audit.Question, error) {
	var out []audit.Question
	for _, feed := range a.cfg.Settlement {
		needed := lastFile(feed, c)
		files, err := a.store.Files(ctx, feed.Name)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(files, func(file audit.SettlementFile) bool { return usable(file) && businessDate(file) >= needed }) {
			continue
		}
		out = append(out, audit.Question{
			About: aboutFile, Text: fmt.Sprintf("Feed %s has not brought its file of %s yet.", feed.Name, needed),
			Remedy: "wait for it; its payments are held against it by the next repetition",
		})
	}
	return out, nil
}

// lastFile is the business date whose file may be the last to carry a payment of the case's window.
func lastFile(feed config.Settlement, c audit.Case) string {
	days := feed.Calendar.Days()
	return days.Add(days.Of(c.Window.To), 1).Format(time.DateOnly)
}

func usable(f audit.SettlementFile) bool { return f.Status == "accepted" }

// businessDate is what a file reports; where it does not say, the day before it came.
func businessDate(f audit.SettlementFile) string {
	if f.BusinessDate == "" && !f.SeenAt.IsZero() {
		return f.SeenAt.AddDate(0, 0, -1).Format(time.DateOnly)
	}
	return f.BusinessDate
}

// unexplained counts the findings of the window that stand, by kind. That there was a failover is no question, and neither is
// that none was rehearsed.
func (a *App) unexplained(ctx context.Context, c audit.Case) ([]audit.Question, error) {
	found, _, err := a.store.Findings(ctx, store.Filter{
		Status: []audit.Status{audit.Expected, audit.Overdue, audit.Open, audit.Acknowledged}, Within: c.Window,
	})
	if err != nil {
		return nil, err
	}
	counts := map[audit.Kind]int{}
	for _, f := range found {
		counts[f.Kind]++
	}
	var out []audit.Question
	for _, kind := range audit.Kinds() {
		if n := counts[kind]; n > 0 && kind != audit.FailoverDetected && kind != audit.FailoverDrillOverdue {
			out = append(out, audit.Question{
				About: aboutFindings, Text: fmt.Sprintf("%d %s stand.", n, kind),
				Remedy: fmt.Sprintf("parallax findings list --kind %s; parallax runbook %s says what to do", kind, kind),
			})
		}
	}
	return out, nil
}

// caseEvidence names what can be read of a failover now: which old primaries are restored, which regions answer, which settlement
// files have come since it.
func (a *App) caseEvidence(ctx context.Context, f audit.Failover, w audit.Window, seen Result) ([]string, error) {
	var out []string
	for _, l := range a.cfg.Ledgers {
		for _, conn := range l.Restored() {
			sum := sha256.Sum256([]byte(conn.DSN.String())) // without its password, which rotates
			out = append(out, "snapshot of "+l.Name+" "+hex.EncodeToString(sum[:8]))
		}
	}
	out = append(out, answering(seen)...)
	since := f.Promoted.AddDate(0, 0, -1).Format(time.DateOnly)
	until := maxTime(w.To, f.Promoted).AddDate(0, 0, 14).Format(time.DateOnly)
	for _, feed := range a.cfg.Settlement {
		files, err := a.store.Files(ctx, feed.Name)
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			if day := businessDate(file); usable(file) && day >= since && day <= until {
				out = append(out, "file "+feed.Name+" "+day+" "+file.SHA256)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// answering are the regions that the watch of the databases could read completely.
func answering(seen Result) []string {
	whole := map[audit.Region]bool{}
	for _, run := range seen.Runs {
		if run.Job != failoverName {
			continue
		}
		for _, line := range run.Coverage {
			if line.Source != "topology" && line.Source != "writer" {
				continue
			}
			complete, known := whole[line.Region]
			whole[line.Region] = line.Complete() && (complete || !known)
		}
	}
	var out []string
	for region, complete := range whole {
		if complete && region != "" {
			out = append(out, "region "+string(region)+" answers")
		}
	}
	return out
}
