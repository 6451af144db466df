#!/usr/bin/perl
# The main job as a person sees it, in Chromium: t/browser/done.mjs and pages.mjs say what is done.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/lib";
use Process;
use Site;
use Test::More;

my $SECONDS = 400;

# script/test puts playwright-core and axe-core there.
sub modules { return Httpd::build_dir() . '/browser/node_modules' }

sub browse ($site, $script) {
    my $output = $site->httpd->root . '/browser';
    my $node = Process->start(
        command     => [ 'node', "$FindBin::Bin/browser/$script", $site->httpd->url ],
        output      => $output,
        environment => { NODE_PATH => modules() },
    );

    $node->wait_gone($SECONDS) or $node->stop;
    open my $lines, '<', $output or die "$output: $!";
    return ($node->status // -1, <$lines>);
}

# Each line of the browser's is a check here.
sub told ($version, $status, @lines) {
    my ($checks, $plan) = (0, -1);

    for my $line (@lines) {
        if ($line =~ /^(not )?ok - (.*)/) {
            $checks++;
            ok !$1, "$version: $2";
        } elsif ($line =~ /^1\.\.(\d+)$/) {
            $plan = $1;
        } else {
            diag $line;
        }
    }
    is $status, 0, "$version: the browser went through";
    is $plan, $checks, "$version: with every check";
    return;
}

for my $version (17, 18) {
    my $site = Site->start(version => $version);

    told($version, browse($site, 'done.mjs'));
}
told('pages', browse(Site->start(version => 17), 'pages.mjs'));
finish();
