#!/usr/bin/perl
# The recorded traffic of real Odoo servers goes through unchanged, and the trail holds every
# operation that its labels name, and none that they do not.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/lib";
use Site;
use Standin;
use Test::More;

# Ways in that must be complete: all of them.
my $WAYS = 'import,call_kw,call_button,resequence,dataset,login,login_json,logout,export,report,mail,'
    . 'jsonrpc,xmlrpc,json1,json2,download,upload,other';
my $LIB = "$FindBin::Bin/lib";

sub python ($script, @arguments) {
    open my $pipe, '-|', 'python3', "$LIB/$script", @arguments or die "$script: $!";
    my $text = do { local $/; <$pipe> };
    close $pipe;
    return ($? >> 8, $text);
}

sub play ($version, @how) {
    my $corpus = "$FindBin::Bin/corpus/odoo-$version.0.jsonl.gz";
    my $site = Site->start(
        odoo  => Standin->replay('--corpus', $corpus),
        vhost => "UserAuditTrack * *\n"
    );
    my ($changed, $answers) = python('replay_client.py', '--corpus', $corpus, '--url',
        'http://127.0.0.1:' . $site->httpd->port, @how);

    is($changed, 0, "$version.0: every answer comes back unchanged") or diag($answers);
    $site->httpd->stop;    # the keeper drains the journal before it ends
    my ($incomplete, $score) = python('score.py', '--corpus', $corpus, '--database',
        $site->httpd->database, '--reads', '--must', $WAYS);
    is($incomplete, 0, "$version.0: the trail holds what the labels name") or diag($score);
    $site->odoo->stop;
}

play($_) for 16 .. 19;
play(18, '--chunks', 18);
finish();
