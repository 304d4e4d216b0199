package main

import (
	"strings"

	"github.com/spf13/cobra"

	"parallax/internal/app"
)

// demoCommand builds two regions in a box, breaks them, audits them and compares with the truth.
func (c *cli) demoCommand() *cobra.Command {
	o := app.DemoOptions{Seed: 7, Payments: 12000, Dir: "demo"}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Two regions in a box: build, break, audit, report (no cloud, no set-up)",
		Long: `Build two regions on this machine (DynamoDB global table, two PostgreSQL servers, S3 buckets, RDS API, card-network files), let them take
payments, let one region die, run every job over what is left, and hold the findings against what was really broken.

It needs PostgreSQL's binaries (apt-get install postgresql), nothing else. It exits 0 only if every injected fault was found and nothing else was reported.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.Out, o.Log, o.Progress, o.Output = c.stdout, c.stderr, c.progress(), c.output
			exact, err := app.Demo(cmd.Context(), o)
			if err == nil && !exact {
				return ended(exitFindings)
			}
			return err
		},
	}
	flags := cmd.Flags()
	flags.Uint64Var(&o.Seed, "seed", o.Seed, "seed of the world; the same seed makes the same payments and faults")
	flags.IntVar(&o.Payments, "payments", o.Payments, "number of payments")
	flags.StringVar(&o.Dir, "dir", o.Dir, "folder for the world, its findings and the report; replaced if a demo made it")
	flags.BoolVar(&o.Keep, "keep", false, "keep the world's servers running after the report, until interrupted")
	return cmd
}

// matchCommand ties two files out against one another.
func (c *cli) matchCommand() *cobra.Command {
	var o app.MatchOptions
	cmd := &cobra.Command{
		Use:   "match --ledger FILE --settlement FILE",
		Short: "Tie a ledger file out against a settlement file; no store, no server",
		Long: `Hold a ledger against a settlement file and name every payment and every line for which they disagree, with the money at stake.
Nothing is stored, and nothing has to be set up.

The format of the settlement file is told by its content: ` + strings.Join(app.MatchFormats(), ", ") + `.
Columns are found by their usual names; what was found is shown first, and --ledger-columns and --settlement-columns change it.
Either file may be compressed with gzip or zstd.

  parallax match --ledger ledger.csv --settlement mastercard.ipm
  parallax match --ledger ledger.csv --settlement acquirer.csv --settlement-columns reference=psp_ref --out breaks.xlsx`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			asOf, err := c.moment()
			if err != nil {
				return err
			}
			o.AsOf, o.Output, o.Progress = asOf, c.output, c.progress()
			if o.Out != "" && !cmd.Flags().Changed("output") {
				o.Output = "" // as the name of the file has it
			}
			verdict, err := app.Match(cmd.Context(), o, c.stdout, c.stderr)
			if err != nil {
				return err
			}
			return verdictCode(verdict)
		},
	}
	c.addAsOf(cmd)
	flags := cmd.Flags()
	flags.StringVar(&o.Ledger, "ledger", "", "ledger as CSV with a header row or as Parquet")
	flags.StringVar(&o.Settlement, "settlement", "", "settlement file")
	flags.StringVar(&o.Format, "format", "", "format of the settlement file, where its content does not tell")
	flags.StringVar(&o.Out, "out", "", "file to write the result to; its ending chooses xlsx, csv, json or ndjson")
	flags.IntVar(&o.MemoryMiB, "memory", 512, "MiB that may be held at once; what is more goes to a temporary file")
	flags.StringVar(&o.Network, "network", "", "which network's rows of the ledger the file settles, where the ledger holds several")
	flags.StringToStringVar(&o.LedgerColumns, "ledger-columns", nil, "which column holds what, where the guess is wrong: payment_id=Order,amount=Gross")
	flags.StringToStringVar(&o.SettlementColumns, "settlement-columns", nil, "the same for a CSV settlement file: reference=psp_ref,amount=net")
	flags.StringSliceVar(&o.Statuses.Charged, "charged", nil, "statuses of the ledger that mean money was taken, beside the usual words")
	flags.StringSliceVar(&o.Statuses.Refused, "refused", nil, "statuses that mean none was")
	flags.StringSliceVar(&o.Statuses.Pending, "pending", nil, "statuses that mean neither yet")
	for _, name := range []string{"ledger", "settlement"} {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic(err) // a misspelt flag name in the lines above
		}
	}
	return cmd
}
