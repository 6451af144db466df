# How alerts leave: what a mail server or a webhook does that breaks off, wants another password or
# is slow to say that it took a mail, and what a keeper's death in between means.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/lib";
use Client ();
use Process;
use Sink;
use Site;
use Test::More;

# A file that its owner alone may read.
sub secret_file ($content, $path = undef) {
    state $folder = File::Temp::tempdir('secrets-XXXXXX', TMPDIR => 1, CLEANUP => 1);
    state $count = 0;
    $path //= "$folder/" . $count++;

    open my $file, '>', $path or die "$path: $!";
    print {$file} $content;
    close $file;
    chmod 0600, $path;
    return $path;
}

sub start ($mail, %options) {
    return Site->start(version => 17, vhost => "UserAuditAlert new_login to=a\@example.com\n",
        server => join("\n", "UserAuditSMTP @{[ $mail->url ]} @{ $options{smtp} // [] }", 'UserAuditMailFrom audit@example.com',
            @{ $options{server} // [] }, ''),
        allow => $options{allow} // []);
}

sub waiting ($site) { return ($site->trail->query('SELECT COUNT(*) AS n FROM outbox'))[0]{n} }

sub keeper_of ($site) {
    for my $pid ($site->httpd->child_pids) {
        open my $name, '<', "/proc/$pid/comm" or next;
        return $pid if <$name> =~ /audit-keeper/;
    }
    return;
}

# It hangs up in the middle, then it takes what is sent.
{
    my $mail = Sink->mail->mode('close');
    my $site = start($mail, allow => [qr/the mail server does not take an alert: /]);

    $site->login('demo');
    ok(Process::wait_until(sub { $mail->tries >= 1 }), 'it is tried');
    ok(Process::wait_until(sub { $site->httpd->error_log =~ /does not take an alert: .*it is tried again/ }), 'the log tells why not');
    $mail->mode('accept');
    is(scalar($mail->wait_for(1)), 1, 'what broke off is sent again');
    ok(Process::wait_until(sub { $site->httpd->error_log =~ /the mail server takes alerts again/ }), 'the log tells that too');
    ok(Process::wait_until(sub { !waiting($site) }), 'and nothing waits');
}

# Another password than the server's: nothing is lost while the administrator finds out.
{
    my $mail = Sink->mail(tls => 'starttls', auth => 'audit:right');
    my $file = secret_file("audit\nwr0ng-one\n");
    my $site = start($mail, smtp => [ 'tls=required', 'ca=' . $mail->certificate ],
        server => ["UserAuditSMTPCredentials $file"], allow => [qr/the mail server does not take an alert: /]);

    $site->login('demo');
    ok(Process::wait_until(sub { $site->httpd->error_log =~ /does not take an alert: .*\b535\b/ }), 'the log has the server\'s answer')
        or diag $site->httpd->error_log;
    unlike($site->httpd->error_log, qr/wr0ng-one/, 'and no password');
    is(waiting($site), 1, 'the mail waits');
    secret_file("audit\nright\n", $file);
    $site->httpd->restart;
    is(scalar($mail->wait_for(1)), 1, 'and leaves once the password is right');
}

# The server has it, the keeper does not know yet and dies: it comes again, known by its id.
{
    my $mail = Sink->mail->mode('hold');
    my $site = start($mail, allow => [ qr/the keeper \(pid \d+\) died/ ]);

    $site->login('demo');
    my ($first) = $mail->wait_for(1);
    is(waiting($site), 1, 'taken, but not noted');
    my $keeper = keeper_of($site);
    $mail->mode('accept');
    kill 'KILL', $keeper;
    my ($again, $second) = $mail->wait_for(2, 60);
    is($second->{headers}{'message-id'}, $first->{headers}{'message-id'}, 'the next keeper sends it again under the same Message-ID');
    is($second->{raw}, $first->{raw}, 'to the byte');
    ok(Process::wait_until(sub { !waiting($site) }), 'and then it is noted');
    is(scalar $mail->wait_for(2), 2, 'twice is all');
    is_deeply([ grep { $_->{values} !~ /^\{"version":"\d+\.\d+\.\d+"/ } $site->trail->events(operation => 'started') ], [],
        'each keeper says which version it is');
}

# A webhook that is not ready.
{
    my $hook = Sink->webhook('kept-between-us')->mode('503');
    my $site = Site->start(version => 17, vhost => "UserAuditAlert new_login to=webhook\n",
        server => "UserAuditWebhook @{[ $hook->url ]}/in " . secret_file("kept-between-us\n") . "\n",
        allow => [qr/the webhook does not take an alert: the server answers 503; it is tried again/]);

    $site->login('demo');
    ok(Process::wait_until(sub { $hook->tries >= 1 }), 'is tried');
    $hook->mode('204');
    ok(Process::wait_until(sub { !waiting($site) && $hook->tries >= 2 }), 'and tried again until it takes it');
    my @ids = $hook->tries;
    is($ids[0], $ids[1], 'under the same id');
    is(scalar($hook->wait_for_posts(1)), 1, 'which is one message');
    is_deeply([ $hook->files('forged') ], [], 'its signature fits');
}

finish();
