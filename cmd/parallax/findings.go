package main

import (
	"github.com/spf13/cobra"

	"parallax/internal/app"
)

// findingsCommand lists findings and shows one.
func (c *cli) findingsCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "findings", Short: "List findings, or show one with its evidence and history", Args: noArguments,
		RunE: showHelp}
	cmd.AddCommand(c.findingsList(), c.findingsShow())
	return cmd
}

func (c *cli) findingsList() *cobra.Command {
	var f app.FindingFilter
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List findings (by default those that are not closed)",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.Check(); err != nil {
				return err
			}
			return c.withApp(cmd.Context(), func(a *app.App) error {
				return a.ListFindings(cmd.Context(), c.stdout, c.stderr, c.output, f)
			})
		},
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&f.Kinds, "kind", nil, "only these kinds, for example lww.lost_write (repeatable)")
	flags.StringSliceVar(&f.Jobs, "job", nil, "only findings of these jobs")
	flags.StringSliceVar(&f.Statuses, "status", nil, "only these statuses: expected, overdue, open, acknowledged, resolved, cleared, suppressed, or all")
	flags.StringSliceVar(&f.Severities, "severity", nil, "only these severities: critical, high, medium, low")
	flags.StringVar(&f.Key, "key", "", "only this business key: a payment id, a table key, a file name")
	flags.IntVar(&f.Limit, "limit", 1000, "list at most this many; 0 lists all")
	return cmd
}

func (c *cli) findingsShow() *cobra.Command {
	return &cobra.Command{
		Use:   "show FINGERPRINT",
		Short: "Show one finding; the first digits of its fingerprint are enough",
		Args:  exactlyOne("the fingerprint of a finding, as findings list shows it"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := oneOf("--output", c.output, "table", "json", "ndjson"); err != nil {
				return err
			}
			return c.withApp(cmd.Context(), func(a *app.App) error {
				return a.ShowFinding(cmd.Context(), c.stdout, c.output, args[0])
			})
		},
	}
}

// runbookCommand shows what to do about a kind of finding.
func (c *cli) runbookCommand() *cobra.Command {
	return &cobra.Command{
		Use:       "runbook KIND",
		Short:     "Show what a kind of finding means, how sure it is, and what to do now",
		Args:      exactlyOne("a kind of finding, for example lww.lost_write, or operate, or drill"),
		ValidArgs: app.RunbookNames(),
		RunE: func(_ *cobra.Command, args []string) error {
			return app.Runbook(c.stdout, args[0])
		},
	}
}
