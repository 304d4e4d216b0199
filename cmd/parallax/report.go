package main

import (
	"github.com/spf13/cobra"

	"parallax/internal/app"
)

// reportCommand writes reports.
func (c *cli) reportCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "report", Short: "Write a report", Args: noArguments,
		RunE: showHelp}
	var format, run string
	coverage := &cobra.Command{
		Use:   "coverage",
		Short: "The certificates of coverage: what each job's newest run, or one run, read, left out, or did not see",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if format == "" {
				format = c.output
			}
			if err := oneOf("--format", format, "table", "json", "ndjson", "csv", "html"); err != nil {
				return err
			}
			return c.withApp(cmd.Context(), func(a *app.App) error {
				return a.ReportCoverage(cmd.Context(), c.stdout, format, run)
			})
		},
	}
	coverage.Flags().StringVar(&format, "format", "", "table, json, ndjson, csv or html (default: --output)")
	coverage.Flags().StringVar(&run, "run", "", "id of a run, as findings show names it (default: each job's newest)")
	cmd.AddCommand(coverage, c.reportChain(), c.reportFailover())
	return cmd
}

func (c *cli) reportFailover() *cobra.Command {
	var r app.DossierRequest
	var at string
	cmd := &cobra.Command{
		Use:   "failover",
		Short: "The dossier of a failover: what was lost, what it cost, what is to be done now",
		Long: `The dossier of a failover: what was lost, what it cost per currency, RPO and RTO measured from the data, the chain of every
lost payment and what is left to rebuild it, double charges, open questions, and what was not read.

It is made from the findings store alone: parallax run failover fills it. --format print is the first page alone, to be printed.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if at != "" {
				if r.At, err = parseTime("--at", at); err != nil {
					return err
				}
			}
			if cmd.Flags().Changed("output") && r.Format == "" {
				r.Format, r.Flag = c.output, "--output"
			}
			r.Terminal = isTerminal(c.stdout)
			if err := r.Check(); err != nil {
				return err
			}
			return c.withApp(cmd.Context(), func(a *app.App) error {
				return a.ReportFailover(cmd.Context(), c.stdout, r)
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&at, "at", "", "when the failover was, within an hour (default: the newest unplanned one)")
	flags.StringVar(&r.Format, "format", "", "table, html, print, json, xlsx, or csv (the lost payments) (default: by the ending of --out, else table)")
	flags.StringVar(&r.Out, "out", "", "file to write to (default: standard output)")
	flags.StringVar(&r.Repair, "repair", "", "folder of repair files, as parallax repair write makes it, or its manifest.json, for the dossier to name")
	return cmd
}
