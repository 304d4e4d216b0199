package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"parallax/internal/app"
)

// drillCommand records game days and scores them.
func (c *cli) drillCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "drill",
		Short: "Rehearse a failover: declare what will be broken, break it, and score what was found",
		Long: `Rehearse a failover. start records the moment and what must be found, before it is looked for; stop records the end. Then let the
jobs run over that time, or run them, and score: found, missed, false, and how long each layer was away.

Parallax breaks nothing itself: parallax runbook drill lists what does, how to stop it, and what must then be found.`,
		Args: noArguments,
		RunE: showHelp,
	}
	cmd.AddCommand(c.drillStart(), c.drillStop(), c.drillScore(), c.drillList())
	for _, sub := range cmd.Commands() {
		run := sub.RunE
		sub.RunE = func(cmd *cobra.Command, args []string) error {
			if err := oneOf("--output", c.output, "table", "json"); err != nil {
				return err
			}
			return run(cmd, args)
		}
	}
	return cmd
}

func (c *cli) drillStart() *cobra.Command {
	var req app.DrillRequest
	var file string
	cmd := &cobra.Command{
		Use:   "start NAME",
		Short: "Record the start of a drill and what it must find",
		Long: `Record the start of a drill and what it must find. What is declared is not changed afterwards.

--expect ledger.lost_row=3 declares three findings of a kind, --expect ledger.lost_row=any one or more, --expect ledger.lost_row:pay_1
the one of a key, --expect none that nothing may be found. A file given with --expect-file has one of them a line; lines that begin with # are remarks.`,
		Args: exactlyOne("a name for the drill, for example 2026-11-game-day"),
		RunE: func(cmd *cobra.Command, args []string) error {
			req.Name = args[0]
			var err error
			if req.At, err = c.drillMoment(); err != nil {
				return err
			}
			if req.Expect, err = withFile(req.Expect, file); err != nil {
				return err
			}
			if err := req.Check(); err != nil {
				return err
			}
			return c.withApp(cmd.Context(), func(a *app.App) error { return c.startDrill(cmd.Context(), a, req) })
		},
	}
	c.addAsOf(cmd)
	flags := cmd.Flags()
	flags.StringArrayVar(&req.Expect, "expect", nil, "what must be found: kind=N, kind=any, kind:KEY, or none (repeatable)")
	flags.StringVar(&file, "expect-file", "", "file with one expectation a line")
	flags.StringVar(&req.Note, "note", "", "what is broken on purpose, in a sentence")
	return cmd
}

func (c *cli) startDrill(ctx context.Context, a *app.App, req app.DrillRequest) error {
	d, warnings, err := a.StartDrill(ctx, req)
	for _, text := range warnings {
		fmt.Fprintln(c.stderr, "parallax: warning:", text)
	}
	if err != nil {
		return err
	}
	return app.ShowDrill(c.stdout, c.output, d)
}

func (c *cli) drillStop() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "stop NAME",
		Short: "Record the end of a drill",
		Args:  exactlyOne("the name of the drill"),
		RunE: func(cmd *cobra.Command, args []string) error {
			at, err := c.drillMoment()
			if err != nil {
				return err
			}
			return c.withApp(cmd.Context(), func(a *app.App) error {
				d, err := a.StopDrill(cmd.Context(), args[0], at)
				if err != nil {
					return err
				}
				return app.ShowDrill(c.stdout, c.output, d)
			})
		},
	}
	c.addAsOf(cmd)
	return cmd
}

func (c *cli) drillScore() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "score NAME",
		Short: "Hold what was found against what the drill declared",
		Long: `Hold what was found against what the drill declared. It runs no job: what the jobs have not looked at yet is listed, and a score with
such gaps is not final. A later score replaces an earlier one.

Exit codes: 0 passed (everything declared was found, nothing else was), 1 failed, 2 usage or failure, 3 not final.
Whether the objectives were met is shown beside it.`,
		Args: exactlyOne("the name of the drill"),
		RunE: func(cmd *cobra.Command, args []string) error {
			at, err := c.drillMoment()
			if err != nil {
				return err
			}
			return c.withApp(cmd.Context(), func(a *app.App) error {
				d, err := a.ScoreDrill(cmd.Context(), args[0], at)
				if err != nil {
					return err
				}
				if err := app.ShowDrill(c.stdout, c.output, d); err != nil {
					return err
				}
				return drillCode(app.DrillResult(d))
			})
		},
	}
	c.addAsOf(cmd)
	return cmd
}

func (c *cli) drillList() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List all drills and how they ended",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withApp(cmd.Context(), func(a *app.App) error {
				drills, err := a.Drills(cmd.Context())
				if err != nil {
					return err
				}
				return app.ShowDrills(c.stdout, c.output, drills)
			})
		},
	}
}

// drillMoment is --as-of or now, and never the future.
func (c *cli) drillMoment() (time.Time, error) {
	at, err := c.moment()
	if err != nil {
		return at, err
	}
	return at, past(at, time.Now())
}

// drillCode turns how a drill ended into the exit code; passed is no error.
func drillCode(result string) error {
	switch result {
	case app.DrillPassed:
		return nil
	case app.DrillFailed:
		return ended(exitFindings)
	default:
		return ended(exitInconclusive)
	}
}

// maxExpectFile bounds a file of expectations, in bytes.
const maxExpectFile = 8 << 20

// withFile adds the lines of a file to what was given on the command line.
func withFile(given []string, path string) ([]string, error) {
	if path == "" {
		return given, nil
	}
	f, err := os.Open(path) //nolint:gosec // the user's own file
	if err != nil {
		return nil, fmt.Errorf("--expect-file: %w", err)
	}
	defer f.Close() //nolint:errcheck // nothing was written
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 64<<10)
	read := 0
	for lines.Scan() {
		if read += len(lines.Bytes()) + 1; read > maxExpectFile {
			return nil, errors.New("--expect-file is larger than 8 MiB: declare kinds with numbers instead of keys")
		}
		if line := strings.TrimSpace(lines.Text()); line != "" && !strings.HasPrefix(line, "#") {
			given = append(given, line)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read --expect-file: %w", err)
	}
	return given, nil
}
